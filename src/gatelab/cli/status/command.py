"""`gatelab status`: what runs where, and what is not ready."""

import sys

import click

from gatelab.cli.exit_codes import FAILED, OK
from gatelab.cli.labs import facts_of, fail, lab_option, place_of
from gatelab.cli.terminal import columns
from gatelab.node.errors import LabError


@click.command()
@lab_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(name: str, output: str) -> None:
    """Show what runs where, the addresses, and every condition that is not as it should be, with its reason.

    Exit code: 0 all is ready; 1 something is not; 2 usage; 3 the lab does not run.
    """
    place = place_of(name)
    try:
        facts = facts_of(place)
    except LabError as error:
        fail(error)
    import msgspec

    from gatelab.cli.status.output import text_of
    from gatelab.cli.status.run import status_of

    report = status_of(place, facts)
    click.echo(msgspec.json.encode(report).decode() if output == "json" else text_of(report, columns()))
    sys.exit(OK if report.ready else FAILED)
