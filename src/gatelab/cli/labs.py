"""What the commands about a lab share: its name, and how they fail."""

import json
from pathlib import Path
from typing import Any, NoReturn

import click

from gatelab.cli.exit_codes import COULD_NOT_RUN
from gatelab.node.errors import LabError, LabIsNotRunning
from gatelab.node.place import LabPlace


def complete_lab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of labs, for completion."""
    return [name for name in LabPlace.names() if name.startswith(incomplete)]


name_option = click.option(
    "--name",
    envvar="GATELAB_NAME",
    default="gatelab",
    show_default=True,
    help="Which lab. [env: GATELAB_NAME]",
    shell_complete=complete_lab,
)


def fail(error: LabError) -> NoReturn:
    """Ends the command: what is wrong and what to do about it, and exit code 3."""
    click.echo(f"Error: {error}", err=True)
    raise SystemExit(COULD_NOT_RUN)


def place_of(name: str) -> LabPlace:
    """The lab's folders. A name that cannot be one is a usage error."""
    try:
        return LabPlace.named(name)
    except LabError as error:
        raise click.UsageError(str(error)) from None


def lab_of(kubeconfig: Path) -> str | None:
    """The lab of this machine whose kubeconfig that is, running or not."""
    file = kubeconfig.resolve()
    return next((name for name in LabPlace.names() if LabPlace.named(name).kubeconfig.resolve() == file), None)


def facts_of(place: LabPlace) -> dict[str, Any]:
    """What the running lab says about itself. Raises LabIsNotRunning."""
    from gatelab.node.claims import is_held

    try:
        facts: dict[str, Any] = json.loads(place.lab_file.read_text())
    except (OSError, ValueError):
        facts = {}
    if not facts or not is_held(place.lock):
        start = "gatelab up --detach" + ("" if place.name == "gatelab" else f" --name {place.name}")
        others = [name for name in LabPlace.names() if is_held(LabPlace.named(name).lock)]
        running = f"; running: {', '.join(others)} (--name, or GATELAB_NAME)" if others else ""
        raise LabIsNotRunning(f"the lab {place.name!r} is not running: start it with `{start}`{running}")
    return facts
