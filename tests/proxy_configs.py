"""Small proxy configurations for tests: one plaintext listener, one route table, backends by name."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatelab.proxy.model import (
    Backend,
    Forward,
    HttpChain,
    Listener,
    PathMatch,
    ProxyConfig,
    Route,
    RouteMatch,
    RouteTable,
    VirtualHost,
    WeightedBackend,
)

ADDRESS = "127.23.1.1"
PORT = 8080
LISTENER = Listener("http", ADDRESS, PORT, (HttpChain("http", "routes"),))
GREETINGS = RouteMatch(PathMatch("prefix", "/greetings.GreetMe"), grpc=True)


def forward(*shares: tuple[str | None, int], **fields: Any) -> Forward:
    """To backends by weight; a share of None cannot be served."""
    return Forward(tuple(WeightedBackend(name, weight) for name, weight in shares), **fields)


def greetings_to(backend: str) -> Route:
    """Every call of the service, to one backend."""
    return Route("hello", GREETINGS, forward((backend, 1)))


def table(*routes: Route, name: str = "routes") -> RouteTable:
    """The routes, for every host."""
    return RouteTable(name, (VirtualHost("all", ("*",), routes),))


def proxy_config(*routes: Route, backends: tuple[str, ...] = ("hello",), listener: Listener = LISTENER) -> ProxyConfig:
    """One listener with these routes for every host."""
    return ProxyConfig((listener,), (table(*routes),), tuple(Backend(name, "http2") for name in backends))


@dataclass(frozen=True)
class SelfSigned:
    """A certificate that is its own authority, PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    serial: int = 0


def self_signed(*names: str, uri: str = "") -> SelfSigned:
    """A certificate for DNS names, and a URI if given, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    alternative = [*map(x509.DNSName, names), *([x509.UniformResourceIdentifier(uri)] if uri else [])]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SelfSigned(certificate.public_bytes(serialization.Encoding.PEM), pem, certificate.serial_number)
