"""Options whose value is a Go duration."""

import click

from gatelab.kinds.durations import parse_duration_s


class GoDuration(click.ParamType[float]):
    """Seconds, from `60s`, `1m30s` or `500ms`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        try:
            seconds = parse_duration_s(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds < 0:
            self.fail(f"{value!r} is below zero", param, ctx)
        return seconds


GO_DURATION = GoDuration()
