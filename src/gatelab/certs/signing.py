"""A certificate, signed by itself or by an authority."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gatelab.certs import usages
from gatelab.certs.keys import Key, signature_hash
from gatelab.certs.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that signs: its key, and its certificate followed by those above it."""

    key: Key = field(repr=False)
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Issued:
    """`chain` is the leaf and what is between it and the root; `ca` the root, or the highest that is known."""

    chain: tuple[x509.Certificate, ...]
    ca: x509.Certificate


def issue(wanted: Wanted, key: Key, authority: Authority | None, now: datetime) -> Issued:
    """A certificate for `key`, valid from `now`; without an authority it signs itself."""
    template = _template(wanted, key, now.replace(microsecond=0))
    if authority is None:
        certificate = template.issuer_name(wanted.subject).sign(key, signature_hash(key))
        return Issued((certificate,), certificate)
    signer = authority.chain[0]
    certificate = (
        template.issuer_name(signer.subject)
        .add_extension(_authority_key_id(signer), critical=False)
        .sign(authority.key, signature_hash(authority.key))
    )
    above = [each for each in authority.chain if not is_root(each)]
    return Issued((certificate, *above), authority.chain[-1])


def is_root(certificate: x509.Certificate) -> bool:
    """Whether it is signed by itself, as far as names tell."""
    return certificate.subject == certificate.issuer


def to_pem(certificates: tuple[x509.Certificate, ...]) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def _template(wanted: Wanted, key: Key, now: datetime) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + wanted.duration)
        .add_extension(x509.BasicConstraints(ca=wanted.is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names := wanted.general_names:
        # Critical when there is no other name (RFC 5280, 4.2.1.6).
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not list(wanted.subject))
    if (key_usage := usages.key_usage(wanted.usages)) is not None:
        builder = builder.add_extension(key_usage, critical=True)
    if (extended := usages.extended_key_usage(wanted.usages)) is not None:
        builder = builder.add_extension(extended, critical=False)
    return builder


def _authority_key_id(signer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        present = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(present)
