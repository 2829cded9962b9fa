"""`gatelab`: the table of subcommands, loaded lazily so that `gatelab call` does not pay for `gatelab up`."""

import importlib
from collections.abc import Mapping

import click

from gatelab import __version__

COMMANDS: Mapping[str, str] = {
    "up": "gatelab.cli.up:up",
    "down": "gatelab.cli.down:down",
    "status": "gatelab.cli.status:status",
    "logs": "gatelab.cli.logs:logs",
    "debug": "gatelab.cli.debug:debug",
    "images": "gatelab.cli.images:images",
    "exec": "gatelab.cli.exec:exec_",
    "dns": "gatelab.cli.dns:dns",
    "ca": "gatelab.cli.ca:ca",
    "kubeconfig": "gatelab.cli.kubeconfig:kubeconfig",
    "kubectl": "gatelab.cli.kubectl:kubectl",
    "controller": "gatelab.cli.controller:controller",
    "call": "gatelab.cli.call:call",
    "load": "gatelab.cli.load:load",
    "experiment": "gatelab.cli.experiment:experiment",
    "demo": "gatelab.cli.demo:demo",
    "completion": "gatelab.cli.completion:completion",
}
"""Name of a subcommand -> `module:attribute` of its click command."""


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


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
