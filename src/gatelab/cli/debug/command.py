"""`gatelab debug`: a file with what somebody else needs to see what is wrong, and without secrets."""

from datetime import UTC, datetime
from pathlib import Path

import click

from gatelab.cli.labs import fail, lab_option, place_of
from gatelab.node.errors import LabError


@click.command()
@lab_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to.  [default: gatelab-debug-NAME-TIME.tar.gz here]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be in it.")
def debug(name: str, out: Path | None, dry_run: bool) -> None:
    """Write a support bundle: a .tar.gz of versions, status, objects, logs, metrics and what the Envoys run.

    It works whether the lab runs or not. Tokens, keys, the data of Secrets and whatever looks like one of these are
    taken out; ConfigMaps, manifests and logs are otherwise as they are, so look at it before you give it to somebody.
    The file is for its owner only (0600).
    """
    from gatelab.cli.debug.run import described, write_bundle

    place = place_of(name)
    try:
        if dry_run:
            click.echo(described(place))
            return
        click.echo(described(place), err=True)
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        file = (out or Path(f"gatelab-debug-{place.name}-{moment}.tar.gz")).absolute()
        problems = write_bundle(place, file)
    except LabError as error:
        fail(error)
    for problem in problems:
        click.echo(f"note: {problem}", err=True)
    click.echo(str(file))
