"""`gatelab k6` and `gatelab ghz`: programs of others on a lab or a cluster, with the spread and a verdict beside."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from gatelab.cli.labs import complete_lab
from gatelab.cli.outputs import writable
from gatelab.cli.wrapped.programs import GHZ, K6, WrappedProgram
from gatelab.kinds.objects import Key

_GATEWAY = re.compile(r"([a-z0-9-]+)/([a-z0-9.-]+)")
_SERVICE = re.compile(r"[a-z0-9-]+/[a-z0-9-]+:\d+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


class WrappedCommand(click.Command):
    """Options of ours end where the first argument is that is none of them, or at `--`; the rest is the program's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, rest = divided(args, self.get_params(ctx))
        return super().parse_args(ctx, [*own, *(["--", *rest] if rest else [])])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [] if ctx.params.get("arguments") else super().shell_complete(ctx, incomplete)


def divided(args: Sequence[str], params: Sequence[click.Parameter]) -> tuple[list[str], list[str]]:
    """The options of ours with their values, and the program's arguments."""
    options = {name: each for each in params if isinstance(each, click.Option) for name in each.opts}
    position = 0
    while position < len(args):
        name, equals, _ = args[position].partition("=")
        option = options.get(name)
        if option is None:
            break
        position += 1 if equals or option.is_flag else 2
    own, rest = list(args[:position]), list(args[position:])
    return own, rest[1:] if rest[:1] == ["--"] else rest


def _a_file(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


class _Percentage(click.ParamType[float]):
    name = "percentage"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _PERCENT.fullmatch(str(value))
        if found is None or not 0 < float(found[1]) < 100:
            self.fail(f"{value!r} is not a percentage between 0% and 100%: write it as 20%", param, ctx)
        return float(found[1]) / 100


_OPTIONS = (
    click.option("--lab", metavar="NAME", shell_complete=complete_lab, help="Which lab; the default is $KUBECONFIG's."),
    click.option("--gateway", "gateways", multiple=True, metavar="NS/NAME", help="Watch this one; again for more."),
    click.option(
        "--service", "services", multiple=True, metavar="NS/NAME:PORT", help="Watch rules that lead to it; again too."
    ),
    click.option("--expect", multiple=True, metavar="EXPR", help="Such as 'spread.jain>=0.95' or 'errors<5'; again."),
    click.option("--expect-pods", type=click.IntRange(min=1), metavar="N", help="The same as --expect pods==N."),
    click.option("--spread", type=_Percentage(), metavar="P%", help="Shares must be shown to be even within ±P%."),
    click.option(
        "--confidence", type=_Percentage(), default="95%", show_default=True, metavar="P%", help="Of the tests."
    ),
    click.option(
        "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the report as JSON."
    ),
    click.option(
        "--report-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Of the report on stderr.",
    ),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=_a_file)(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _run(program: WrappedProgram, values: dict[str, Any]) -> None:
    from gatelab.cli.wrapped.run import WrappedOptions, run_wrapped
    from gatelab.experiment.passage.figures import PassageExpectation

    expected = [*values["expect"], *([f"pods=={values['expect_pods']}"] if values["expect_pods"] else [])]
    try:
        expectations = tuple(PassageExpectation.parse(each) for each in expected)
    except ValueError as error:
        raise click.UsageError(f"--expect {error}") from error
    options = WrappedOptions(
        lab=values["lab"],
        gateways=tuple(map(_gateway, values["gateways"])),
        services=tuple(map(_service, values["services"])),
        expectations=expectations,
        spread=values["spread"],
        confidence=values["confidence"],
        report=writable(values["report"]) if values["report"] else None,
        format=values["report_format"],
    )
    sys.exit(run_wrapped(program, values["arguments"], options))


def _gateway(text: str) -> Key:
    found = _GATEWAY.fullmatch(text)
    if found is None:
        raise click.UsageError(f"--gateway {text!r} is not namespace/name")
    return Key(found[1], found[2])


def _service(text: str) -> str:
    if _SERVICE.fullmatch(text) is None:
        raise click.UsageError(f"--service {text!r} is not namespace/name:port")
    return text


@click.command(cls=WrappedCommand)
@_with_options
def k6(**values: Any) -> None:
    """Run k6 with ARGUMENTS, unchanged, and say how its requests spread over the pods.

    \b
      gatelab k6 run script.js
      gatelab k6 --expect-pods 5 --expect 'spread.jain>=0.95' \\
          run --vus 10 script.js

    gatelab's own options come first; all from the first other word on, or behind --, is k6's: `gatelab k6 -- --help`
    shows k6's options. k6 gets the lab's names and certificate authorities (`gatelab exec`), stdin, stdout and the
    terminal. Meanwhile requests are counted by the Envoys of all Gateways; the table of the spread and the verdict
    follow on stderr.

    Exit code: k6's if it is not 0; 1 the verdict is fail; 0. 125 no lab or cluster, 126 k6 cannot be run, 127 there is
    no k6.
    """
    _run(K6, values)


@click.command(cls=WrappedCommand)
@_with_options
def ghz(**values: Any) -> None:
    """Run ghz with ARGUMENTS, unchanged, and say how its requests spread over the pods.

    \b
      gatelab ghz --rps 100 -z 10s --proto greetings.proto \\
          --call greetings.GreetMe/Send -d '{}' HOST:443
      gatelab ghz --report spread.json -- -O json --call … HOST:443 > ghz.json

    gatelab's own options come first; all from the first other word on, or behind --, is ghz's: `gatelab ghz -- --help`
    shows ghz's options. ghz gets the lab's names and certificate authorities (`gatelab exec`), stdin, stdout and the
    terminal. Meanwhile requests are counted by the Envoys of HOST's Gateway; the table of the spread and the verdict
    follow on stderr.

    Exit code: ghz's if it is not 0; 1 the verdict is fail, as when every call failed, for which ghz has 0; 0. 125 no
    lab or cluster, 126 ghz cannot be run, 127 there is no ghz.
    """
    _run(GHZ, values)
