"""The lab's secrets: a token, a CA and the API server's certificate, and the kubeconfig that holds what clients need.

Made once and kept over restarts, so that a kubeconfig in use stays good. Every file is the owner's alone (0600).
"""

import base64
import json
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

API_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_LIFE = timedelta(days=3650)
_RENEW_BEFORE = timedelta(days=30)
_BACKDATED = timedelta(days=1)
"""Clocks are set back, too, and then a certificate of today is one of tomorrow."""


def make_credentials(place: LabPlace, *, now: datetime) -> None:
    """Makes what is missing: token, CA, API certificate (for 127.0.0.1 and `API_NAMES`)."""
    if not place.token.exists():
        write_secret(place.token, secrets.token_urlsafe(32).encode())
    files = (place.ca_certificate, place.ca_key, place.api_certificate, place.api_key)
    if all(path.exists() for path in files) and now.timestamp() < _written(place.api_certificate) + _renewal_s():
        return
    _make_certificates(place, now)


def are_made(place: LabPlace) -> bool:
    """Whether everything is there: the API certificate is written last."""
    return place.api_certificate.exists()


def secret_values(place: LabPlace) -> list[bytes]:
    """What must not be in any log: the token and the keys, as far as they are made."""
    files = (place.token, place.ca_key, place.api_key)
    return [each.read_bytes() for each in files if each.exists()]


def wait_until_made(place: LabPlace, *, timeout_s: float = 10.0) -> None:
    """For the control plane, which is started while the agent of a new lab still makes them. Raises LabError."""
    deadline = time.monotonic() + timeout_s
    while not are_made(place):
        if time.monotonic() > deadline:
            raise LabError(f"{place.api_certificate} is not there: the control plane is started by `gatelab up`")
        time.sleep(0.002)


def write_kubeconfig(place: LabPlace, *, port: int) -> None:
    """Writes the kubeconfig for an API server on 127.0.0.1:`port`; cluster, user and context are `gatelab-<name>`."""
    name = f"gatelab-{place.name}"
    authority = base64.b64encode(place.ca_certificate.read_bytes()).decode()
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": place.token.read_text()}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    }
    write_secret(place.kubeconfig, json.dumps(config, indent=2).encode() + b"\n")  # JSON is YAML, and needs no library


def write_secret(path: Path, data: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    partial.replace(path)


def _written(path: Path) -> float:
    return path.stat().st_mtime


def _renewal_s() -> float:
    return (_LIFE - _RENEW_BEFORE).total_seconds()


def _make_certificates(place: LabPlace, now: datetime) -> None:
    # cryptography takes a tenth of a second to import and is needed in the first run of a lab only.
    from cryptography.hazmat.primitives.asymmetric import ec

    ca_key, api_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(f"gatelab-{place.name}", ca_key, now)
    certificate = _api_certificate(authority, ca_key, api_key, now)
    write_secret(place.ca_key, _pem(ca_key))
    write_secret(place.ca_certificate, _certificate_pem(authority))
    write_secret(place.api_key, _pem(api_key))
    write_secret(place.api_certificate, _certificate_pem(certificate))


def _authority(name: str, key: "EllipticCurvePrivateKey", now: datetime) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _builder(subject, subject, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _api_certificate(
    authority: "x509.Certificate",
    ca_key: "EllipticCurvePrivateKey",
    key: "EllipticCurvePrivateKey",
    now: datetime,
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    names: list[x509.GeneralName] = [x509.DNSName(name) for name in API_NAMES]
    names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    return (
        _builder(subject, authority.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: "x509.Name", issuer: "x509.Name", key: "EllipticCurvePrivateKey", now: datetime
) -> "x509.CertificateBuilder":
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _BACKDATED)
        .not_valid_after(now.astimezone(UTC) + _LIFE)
    )


def _usage(*, signs: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _certificate_pem(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
