"""What the commands about a lab share: which one is meant, and how they fail."""

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import click

from gatelab.cli.exit_codes import COULD_NOT_RUN
from gatelab.node.errors import LabError, LabIsNotRunning
from gatelab.node.place import LabPlace

DEFAULT_LAB = "gatelab"


def complete_lab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of labs, for completion."""
    return [name for name in LabPlace.names() if name.startswith(incomplete)]


def chosen_lab() -> str:
    """The lab that is meant where none is named: $GATELAB_NAME, else the one whose kubeconfig $KUBECONFIG is, else
    DEFAULT_LAB. With several files in $KUBECONFIG the first counts, as for `call`, `load` and `experiment`.
    """
    named, configured = os.environ.get("GATELAB_NAME"), os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return named or (lab_of(Path(configured)) if configured else None) or DEFAULT_LAB


name_option = click.option(
    "--name",
    envvar="GATELAB_NAME",
    default=DEFAULT_LAB,
    show_default=True,
    help="Which lab. [env: GATELAB_NAME]",
    shell_complete=complete_lab,
)
"""Of commands that make or end a lab, or say where its kubeconfig is: $KUBECONFIG does not choose for them."""

lab_option = click.option(
    "--name",
    envvar="GATELAB_NAME",
    default=chosen_lab,
    help=f"Which lab. [env: GATELAB_NAME]  [default: that of $KUBECONFIG, else {DEFAULT_LAB}]",
    shell_complete=complete_lab,
)
"""Of commands that use a lab: it is `chosen_lab` where none is named."""


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
        start = "gatelab up --detach" + ("" if place.name == DEFAULT_LAB else f" --name {place.name}")
        others = [name for name in LabPlace.names() if is_held(LabPlace.named(name).lock)]
        running = f"; running: {', '.join(others)} (--name, or GATELAB_NAME)" if others else ""
        raise LabIsNotRunning(f"the lab {place.name!r} is not running: start it with `{start}`{running}")
    return facts
