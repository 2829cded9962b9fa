"""`gatelab ca`: the certificates that clients of a lab have to trust."""

from pathlib import Path

import click

from gatelab.cli.labs import facts_of, fail, lab_option, place_of
from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace


@click.command()
@lab_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there, not stdout.")
@click.option("--namespace", "-n", default="default", show_default=True, help="Of --secret.")
@click.option("--secret", metavar="NAME", help="The CA in this Secret: its ca.crt, else its tls.crt.")
@click.option("--api", is_flag=True, help="The CA of the lab's Kubernetes API instead.")
def ca(name: str, out: Path | None, namespace: str, secret: str | None, api: bool) -> None:
    """Print the CA certificates (PEM) that clients of the lab's Gateways have to trust.

    They are those of every Issuer and ClusterIssuer of type ca, and the ca.crt of every Secret that a Gateway serves
    with. No key is ever printed.

    \b
      grpcurl -cacert <(gatelab ca) …
    """
    if api and secret:
        raise click.UsageError("--api and --secret: give one of them")
    place = place_of(name)
    try:
        facts_of(place)
        text = place.ca_certificate.read_text() if api else _text(place, namespace, secret)
        if out is None:
            click.echo(text, nl=False)
        else:
            out.write_text(text)
    except LabError as error:
        fail(error)
    except OSError as error:
        fail(LabError(f"{error.filename or 'stdout'} cannot be read or written: {error.strerror}"))


def _text(place: LabPlace, namespace: str, secret: str | None) -> str:
    from gatelab.cli.authorities import read_authorities, read_secret
    from gatelab.kinds.objects import Key

    if secret is not None:
        return read_secret(place.kubeconfig, Key(namespace, secret)) + "\n"
    found = read_authorities(place.kubeconfig)
    if not found:
        raise LabError(
            "no Issuer of type ca, and no Gateway's Secret with a ca.crt, is in the lab: apply manifests first"
        )
    return "\n".join(found) + "\n"
