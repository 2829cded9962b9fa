"""`gatelab controller`: the Gateway controller alone."""

import asyncio
import re
from pathlib import Path

import click

from gatelab.cli.exit_codes import COULD_NOT_RUN

_DOMAIN_AND_PATH = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/\S+")

_path = click.Path(path_type=Path, resolve_path=True)


@click.command()
@click.option(
    "--kubeconfig", type=_path, metavar="FILE", help="The cluster.  [default: $KUBECONFIG, or the running lab]"
)
@click.option("--controller-name", metavar="DOMAIN/PATH", required=True, help="Serve the GatewayClasses of this name.")
@click.option("--xds-socket", type=_path, metavar="PATH", required=True, help="Where Envoys connect, a Unix socket.")
@click.option("--run-dir", type=_path, metavar="DIR", required=True, help="Where Envoys put their admin sockets.")
def controller(kubeconfig: Path | None, controller_name: str, xds_socket: Path, run_dir: Path) -> None:
    """Run the Gateway controller in a process of its own, on the cluster of a kubeconfig.

    The name must be one that no other controller on that cluster serves; a lab's own serves
    gatelab.dev/gateway-controller and io.cilium/gateway-controller. It runs until Ctrl-C or SIGTERM, and data planes
    serve on without it. Exit code: 0 ended; 2 usage; 3 could not run.
    """
    if not _DOMAIN_AND_PATH.fullmatch(controller_name):
        raise click.UsageError(
            f"--controller-name {controller_name!r}: a controllerName is domain/path, such as example.com/gateway"
        )
    from gatelab.cli.targets import kubeconfig as configured
    from gatelab.gatewaycontroller import CannotStart, Settings, run
    from gatelab.telemetry.logs import log_to_terminal

    log_to_terminal("info")
    settings = Settings(kubeconfig or configured(), controller_name, xds_socket, run_dir)

    def say(cluster: str) -> None:
        click.echo(f"serving the GatewayClasses of {controller_name} on {cluster}", err=True)

    try:
        asyncio.run(run(settings, say))
    except CannotStart as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(COULD_NOT_RUN) from None
