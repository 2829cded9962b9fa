"""`gatelab`: the table of subcommands, loaded lazily so that `gatelab call` does not pay for `gatelab up`."""

import errno
import importlib
import signal
from collections.abc import Mapping
from typing import NamedTuple

import click

from gatelab import __version__
from gatelab.cli.exit_codes import COULD_NOT_RUN, SIGNAL_OFFSET

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Subcommand(NamedTuple):
    """Where a subcommand is, as `module:attribute`, and what `gatelab --help` says of it without importing it."""

    target: str
    summary: str


COMMANDS: Mapping[str, Subcommand] = {
    "up": Subcommand("gatelab.cli.up:up", "Start a lab."),
    "down": Subcommand("gatelab.cli.down:down", "Stop a lab and everything that runs in it."),
    "status": Subcommand("gatelab.cli.status.command:status", "Show what runs where, and what is not ready and why."),
    "logs": Subcommand("gatelab.cli.logs.command:logs", "Print the logs of the lab and of its pods."),
    "debug": Subcommand("gatelab.cli.debug.command:debug", "Write a support bundle without secrets."),
    "images": Subcommand("gatelab.cli.images:images", "List, add and remove programs that stand for images."),
    "exec": Subcommand("gatelab.cli.exec:exec_", "Run a program with the lab's names and authorities."),
    "dns": Subcommand("gatelab.cli.dns:dns", "Print what makes the lab's names known to the machine."),
    "ca": Subcommand("gatelab.cli.ca:ca", "Print the CA certificates of the lab's Gateways."),
    "kubeconfig": Subcommand("gatelab.cli.kubeconfig:kubeconfig", "Print the path of the lab's kubeconfig."),
    "kubectl": Subcommand("gatelab.cli.kubectl:kubectl", "Run kubectl on the lab."),
    "controller": Subcommand(
        "gatelab.cli.controller:controller", "Run the Gateway controller by itself, on any cluster."
    ),
    "call": Subcommand("gatelab.cli.call.command:call", "Call a gRPC method; grpcurl's options."),
    "load": Subcommand("gatelab.cli.load.command:load", "Put load on a gRPC method; ghz's options."),
    "ghz": Subcommand("gatelab.cli.wrapped.command:ghz", "Run ghz on a lab or cluster; spread and verdict beside."),
    "k6": Subcommand("gatelab.cli.wrapped.command:k6", "Run k6 on a lab or cluster; spread and verdict beside."),
    "experiment": Subcommand("gatelab.cli.experiment.command:experiment", "Run an experiment that a file describes."),
    "demo": Subcommand("gatelab.cli.demo:demo", "Lab up, example, spread, verdict, lab down."),
    "completion": Subcommand("gatelab.cli.completion:completion", "Print completion code for bash, zsh or fish."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        module, _, attribute = found.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Ctrl-C that a command leaves to us exits as a shell has it: click's 1 would say that the verdict is fail."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)
            ctx.exit(SIGNAL_OFFSET + signal.SIGINT)
        except OSError as error:
            if error.errno not in _FULL or error.filename is not None:
                raise
            click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
            ctx.exit(COULD_NOT_RUN)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A name that nothing has is a usage error, with those that it may be a misspelling of."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            import difflib  # of no use to a command that is there

            like = difflib.get_close_matches(args[0], COMMANDS)
            meant = f" Is {' or '.join(like)} meant?" if like else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.summary) for name, each in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gatelab")
def main() -> None:
    """A Gateway API laboratory for gRPC.

    Start a lab, apply your manifests with kubectl, call and load the service through a real Envoy, and see how the
    requests spread over the pods:

    \b
      gatelab demo                       the whole experiment, about half a minute
      gatelab up --detach                a lab of your own
      export KUBECONFIG=$(gatelab kubeconfig)
      kubectl apply -f manifests.yaml
      gatelab call …; gatelab load …; gatelab experiment run experiment.yaml
      gatelab down
    """
