"""TLS in the model of a proxy: certificates, authorities, and what is asked of peers on either side."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain with its key, PEM. `repr` shows neither."""

    name: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authorities:
    """Certificates of authorities, PEM, by which a peer is judged. `pem` None stands for those of the machine."""

    name: str
    pem: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientValidation:
    """Clients are asked for a certificate that one of the `authorities` (a name) has signed.

    Unless it is `required`, a client without one, or with one that nobody vouches for, is served all the same.
    """

    authorities: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class TlsTermination:
    """TLS ends here. `certificates` are names of `Certificate`s; `alpn` is offered in this order."""

    certificates: tuple[str, ...]
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    clients: ClientValidation | None = None


@dataclass(frozen=True, slots=True)
class SubjectName:
    """A subject alternative name. One of kind `dns` may be `*.suffix`, which takes every name under it."""

    kind: Literal["dns", "uri"]
    value: str


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """TLS to a backend, whose certificate must be signed by one of the `authorities` and have one of the `names`.

    `certificate` is the name of the one that the proxy shows when it is asked for one; "" if it has none.
    """

    server_name: str
    authorities: str
    names: tuple[SubjectName, ...]
    certificate: str = ""
