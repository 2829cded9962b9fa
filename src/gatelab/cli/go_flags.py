"""Options in the style of Go's `flag` package, as grpcurl has them: `-insecure`, `-max-time=5`, `-plaintext=true`.

Click reads `-insecure` as `-i -n -s …`. So arguments are rewritten before click sees them: a single dash before the
name of a long option becomes a double one, a double one before a letter a single one. What follows an option that
takes a value is never touched, nor is anything after `--`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import click

_BOOLEANS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class Misuse(click.UsageError):
    """Wrong usage, told in grpcurl's two lines: what, and where to read more. The exit code is 2."""

    def show(self, file: IO[Any] | None = None) -> None:
        path = self.ctx.command_path if self.ctx is not None else "gatelab"
        click.echo(f"{self.format_message()}\nTry '{path} -help' for more details.", file=file, err=file is None)


class GoCommand(click.Command):
    """A command whose long options may be written with one dash, and whose flags may be given `=true` or `=false`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _in_gos_words(ctx, args):
            return super().parse_args(ctx, rewritten(args, self.get_params(ctx)))

    def invoke(self, ctx: click.Context) -> Any:
        with _in_gos_words(ctx):
            return super().invoke(ctx)


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
        elif _is_flag(option):
            result += _flag(arg, spelled, option, value)
        else:
            result += [spelled] if value is None else [spelled, value]
            if value is None and (following := next(rest, None)) is not None:
                result.append(following)
    return result


def _flag(arg: str, spelled: str, option: click.Option, value: str | None) -> list[str]:
    """A flag that is false is left out, or becomes its opposite where it has one."""
    if value is None or _BOOLEANS.get(value.lower()):
        return [spelled]
    if value.lower() not in _BOOLEANS:
        name = arg.partition("=")[0]
        raise click.UsageError(f'invalid boolean value "{value}" for {name}: use true or false')
    return option.secondary_opts[:1]


def _recognised(arg: str, options: dict[str, click.Option]) -> tuple[str, click.Option | None, str | None]:
    """The option's name in click's spelling, the option, and the value after `=`."""
    name, equals, value = arg.partition("=")
    for spelled in (name, f"-{name}", name.removeprefix("-")) if name.startswith("-") else ():
        if spelled in options:
            return spelled, options[spelled], value if equals else None
    return arg, None, None


def _is_flag(option: click.Option) -> bool:
    return option.is_flag or option.count


@contextmanager
def _in_gos_words(ctx: click.Context, args: Sequence[str] = ()) -> Iterator[None]:
    try:
        yield
    except Misuse:
        raise
    except click.NoSuchOption as error:
        # Click names the first letter only of `-nonsense`, which it takes for several flags.
        name = next((each for each in args if each.startswith(error.option_name)), error.option_name)
        raise Misuse(f"flag provided but not defined: -{name.partition('=')[0].lstrip('-')}", ctx) from error
    except click.BadOptionUsage as error:
        if "requires" not in error.message:
            raise Misuse(error.format_message(), ctx) from error
        raise Misuse(f"flag needs an argument: -{error.option_name.lstrip('-')}", ctx) from error
    except click.BadParameter as error:
        name = error.param.opts[-1].lstrip("-") if error.param is not None else ""
        raise Misuse(f"invalid value for flag -{name}: {error.message}", ctx) from error
    except click.UsageError as error:
        raise Misuse(error.format_message(), ctx) from error
