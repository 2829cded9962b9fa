"""Shares on the command line: `10%` or `0.1`."""

import click


class Share(click.ParamType[float]):
    """A number from 0 to below 1."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        try:
            found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            found = -1.0
        if not 0 <= found < 1:
            self.fail(f"{text!r} is not a share: write it as 10% or 0.1", param, ctx)
        return found


SHARE = Share()
