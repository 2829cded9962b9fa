"""Options in the style of Go's `flag` package, as grpcurl has them: `-insecure`, `-max-time=5`, `-plaintext=true`.

Click reads `-insecure` as `-i -n -s …`. So arguments are rewritten before click sees them: a single dash before the
name of a long option becomes a double one. What follows an option that takes a value is never touched, nor is anything
after `--`.
"""

from collections.abc import Sequence

import click

_BOOLEANS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class GoCommand(click.Command):
    """A command whose long options may be written with one dash, and whose flags may be given `=true` or `=false`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, rewritten(args, self.params))


def rewritten(args: Sequence[str], params: Sequence[click.Parameter]) -> list[str]:
    """The arguments in click's spelling."""
    options = {name: param for param in params if isinstance(param, click.Option) for name in param.opts}
    result: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            return [*result, arg, *rest]
        spelled, option, value = _recognised(arg, options)
        if option is None:
            result.append(arg)
        elif not _is_flag(option):
            result += [spelled] if value is None else [spelled, value]
            if value is None and (following := next(rest, None)) is not None:
                result.append(following)
        elif value is None or _BOOLEANS.get(value.lower()):
            result.append(spelled)
        elif value.lower() not in _BOOLEANS:
            raise click.UsageError(f"invalid boolean value {value!r} for {arg.partition('=')[0]}: use true or false")
    return result


def _recognised(arg: str, options: dict[str, click.Option]) -> tuple[str, click.Option | None, str | None]:
    """The option's name in click's spelling, the option, and the value after `=`."""
    name, equals, value = arg.partition("=")
    for spelled in (name, f"-{name}") if name.startswith("-") else ():
        if spelled in options:
            return spelled, options[spelled], value if equals else None
    return arg, None, None


def _is_flag(option: click.Option) -> bool:
    return option.is_flag or option.count
