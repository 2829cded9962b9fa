"""`gatelab kubeconfig`: where the lab's kubeconfig is."""

import click

from gatelab.cli.labs import facts_of, fail, name_option, place_of
from gatelab.node.errors import LabError


@click.command()
@name_option
def kubeconfig(name: str) -> None:
    """Print the path of the lab's kubeconfig.

    \b
      export KUBECONFIG=$(gatelab kubeconfig)
    """
    place = place_of(name)
    try:
        facts_of(place)
    except LabError as error:
        fail(error)
    click.echo(place.kubeconfig)
