"""`gatelab dns`: how this machine's own resolver can know the lab's names."""

import click

from gatelab.cli.labs import facts_of, fail, lab_option, place_of
from gatelab.node.errors import LabError


@click.command()
@lab_option
@click.argument("form", type=click.Choice(["print", "systemd-resolved", "macos", "hosts"]), default="print")
def dns(name: str, form: str) -> None:
    """Print a configuration that makes the lab's names known to this machine, and the commands to undo it.

    print: the DNS, its zones and every name; systemd-resolved: a drop-in; macos: /etc/resolver files; hosts: lines for
    /etc/hosts. Nothing is changed: what is printed says, as comments, where it goes. For one program,
    `gatelab exec` does the same without a change to the machine.
    """
    from gatelab.cli.dns_output import text_of
    from gatelab.cli.lab_objects import read_objects
    from gatelab.cli.names import KINDS, host_lines

    place = place_of(name)
    try:
        facts = facts_of(place)
        needs_names = form in ("print", "hosts")
        lines = host_lines(read_objects(place.kubeconfig, KINDS)) if needs_names else []
    except LabError as error:
        fail(error)
    click.echo(text_of(form, lab=name, server=facts["dns"], lines=lines), nl=False)
