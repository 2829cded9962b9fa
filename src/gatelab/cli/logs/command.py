"""`gatelab logs`: the logs of the lab's own processes and of its pods in one view."""

import sys

import click

from gatelab.cli.durations import GO_DURATION
from gatelab.cli.labs import chosen_lab, fail, lab_option, place_of
from gatelab.node.errors import LabError

_TAIL = 20


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    from gatelab.cli.logs.sources import known_names
    from gatelab.node.place import LabPlace

    try:
        place = LabPlace.named(ctx.params.get("name") or chosen_lab())
    except LabError:
        return []
    return [name for name in known_names(place) if name.startswith(incomplete)]


@click.command()
@lab_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until the lab ends.")
@click.option(
    "--tail", type=click.IntRange(min=-1), metavar="N", help=f"Lines of each log; -1: all.  [default: {_TAIL}]"
)
@click.option("--since", type=GO_DURATION, metavar="D", help="Not older than this, such as 5m; with it --tail is -1.")
@click.option("-t", "--timestamps", is_flag=True, help="With the time of each line.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.argument("what", nargs=-1, shell_complete=_complete)
def logs(
    name: str, follow: bool, tail: int | None, since: float | None, timestamps: bool, output: str, what: tuple[str, ...]
) -> None:
    """Print the logs of the lab: of WHAT, or of everything, in the order of time, each line with where it is from.

    WHAT is agent, control-plane, node-envoy, gateway (the Envoys of all Gateways), POD, NAMESPACE/POD or
    NAMESPACE/POD/CONTAINER. Logs are kept when the lab ends, until `gatelab down --purge`. With -o json each line is an
    object with time, source, stream and text, and for the agent and the control plane with level, logger and what the
    line is about.
    """
    from gatelab.cli.logs.run import Choice, run

    lines = tail if tail is not None else (_TAIL if since is None else -1)
    choice = Choice(what, follow, None if lines < 0 else lines, since, timestamps, output == "json")
    try:
        run(place_of(name), choice)
    except LabError as error:
        fail(error)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
