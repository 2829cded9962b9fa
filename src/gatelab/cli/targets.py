"""What the instruments on the command line share: which cluster is meant, and how a target is reached."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatelab.call.errors import CallError
from gatelab.call.tls import client_context
from gatelab.experiment.place import Place, is_address
from gatelab.grpc_wire.errors import ConnectError
from gatelab.node.errors import LabError

if TYPE_CHECKING:
    from gatelab.load import Credentials, Recipe


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """As the command line has them; `plaintext` is HTTP/2 without TLS."""

    plaintext: bool = False
    insecure: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def context(self, place: Place) -> ssl.SSLContext | None:
        """Raises CallError naming the file that cannot be used."""
        if self.plaintext:
            return None
        return client_context(**self._arguments(place))

    def recipe(self, place: Place) -> "Recipe | None":
        """For the same in another process."""
        from gatelab.load import Recipe

        return None if self.plaintext else Recipe("gatelab.call.tls:client_context", self._arguments(place))

    def credentials(self, place: Place) -> "Credentials | None":
        """The same as texts; the files have been found to be in order. Raises OSError."""
        from gatelab.load import Credentials

        if self.plaintext:
            return None
        roots = Path(self.ca_file).read_bytes() if self.ca_file else _system_roots() if place.trusted else None
        if roots is not None and not self.ca_file:
            roots += "".join(place.trusted).encode()
        certificate, key = (Path(file).read_bytes() if file else None for file in (self.cert_file, self.key_file))
        return Credentials(roots=roots, certificate=certificate, key=key)

    def _arguments(self, place: Place) -> dict[str, Any]:
        return {
            "insecure": self.insecure,
            "ca_file": self.ca_file,
            "trusted": place.trusted,
            "cert_file": self.cert_file,
            "key_file": self.key_file,
        }


def _system_roots() -> bytes:
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else b""


def authority_of(target: str, *, authority: str | None, server_name: str | None, plaintext: bool) -> str:
    """The `:authority` to send: the one asked for, else the name that is verified, else the target.

    grpc-go's rule, hence that of ghz's --cname and of grpcurl's -servername: a proxy that picks the certificate by the
    one name picks the route by the other.
    """
    return authority or (None if plaintext else server_name) or target


def split_address(address: str, *, default_port: int | None = None) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`. Raises click.UsageError."""
    if "://" in address:
        raise click.UsageError(f"{address!r} is not an address: give host:port, without {address.split('://')[0]}://")
    host, colon, port = address.rpartition(":")
    if not colon and default_port is not None:
        return address, default_port
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.UsageError(f"{address!r} is not an address: give host:port, such as hello.example.test:443")
    return host.removeprefix("[").removesuffix("]"), int(port)


def kubeconfig() -> Path | None:
    """The kubeconfig of $KUBECONFIG, else of the running lab that is meant (`labs.chosen_lab`)."""
    configured = os.environ.get("KUBECONFIG")
    if configured:
        return Path(configured.split(os.pathsep)[0])
    from gatelab.cli.labs import chosen_lab, facts_of, place_of

    place = place_of(chosen_lab())
    try:
        facts_of(place)
    except LabError:
        return None
    return place.kubeconfig


def dial_failure(
    target: str, error: ConnectError, place: Place, *, named: str = "--servername", unverified: str = "--insecure"
) -> str:
    """What is said when no connection came about, in grpcurl's words; with it, who was asked for a name in vain, and
    where a lab's certificates are to be had. `named` is the command's option for the name that is verified,
    `unverified` that for TLS that verifies nothing.
    """
    said = f'Failed to dial target host "{target}": {error}'
    if "verify a name" in str(error):
        return f"{said} ({named} NAME, or {unverified})"
    if "CERTIFICATE_VERIFY_FAILED" in str(error) and "renew" in str(error):
        return f"{said} ({unverified})"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"{said} (of a lab: `gatelab ca --out ca.pem`, then --cacert ca.pem; or {unverified})"
    if "missing selected ALPN property" in str(error):
        return f"{said} (--alpn lenient goes on as they do)"
    name_is_open = place.note and not is_address(place.address)
    return said + (f" ({place.note})" if name_is_open else "")


async def find(host: str) -> Place:
    """Where `host` is: by the lab's DNS when one is configured and knows the name, else by the system's resolver.

    Raises CallError when the kubeconfig cannot be used.
    """
    if is_address(host) or host == "localhost":
        return Place(host)
    file = kubeconfig()
    if file is None:
        from gatelab.cli.labs import chosen_lab

        note = f"KUBECONFIG is not set and no lab {chosen_lab()!r} runs; the system's resolver was asked"
        return Place(host, note=note)
    if not file.exists():
        return Place(host, note=f"there is no kubeconfig {file}; the system's resolver was asked")
    from gatelab.cluster.remote import KubeconfigError, RemoteCluster
    from gatelab.experiment.resolution import locate

    try:
        async with RemoteCluster.connect(file) as cluster:
            return await locate(host, cluster)
    except KubeconfigError as error:
        raise CallError(str(error)) from error
