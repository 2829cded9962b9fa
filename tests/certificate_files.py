"""A CA and what it has signed, as PEM files for a server and a client of a test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    ca: Path
    key: Path
    certificate: Path
    expired: Path


def write_certificates(folder: Path, *addresses: str) -> CertificateFiles:
    """ca.pem, key.pem, certificate.pem (market.test, and client) and expired.pem (the same, and `addresses`)."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ca = _signed(ca_key, ca_key, "test ca", [], tomorrow, is_ca=True)
    names: list[x509.GeneralName] = [x509.DNSName("market.test")]
    own = _signed(key, ca_key, "market.test", names, tomorrow)
    names += [x509.IPAddress(ip_address(address)) for address in addresses]
    expired = _signed(key, ca_key, "market.test", names, _LONG_AGO + timedelta(days=2))
    files = {"ca": ca, "certificate": own, "expired": expired}
    for name, certificate in files.items():
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return CertificateFiles(*(folder / f"{name}.pem" for name in ("ca", "key", "certificate", "expired")))


def _signed(
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    name: str,
    names: list[x509.GeneralName],
    until: datetime,
    *,
    is_ca: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("test ca"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_LONG_AGO)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
