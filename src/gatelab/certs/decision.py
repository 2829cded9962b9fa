"""Whether a Certificate is to be issued, and why: a list of questions, asked in cert-manager's order.

Each question answers with the reason and message of a condition, or None when all is well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatelab.certs import keys, usages
from gatelab.certs.authority import read_chain
from gatelab.certs.keys import Key
from gatelab.certs.wanted import Wanted
from gatelab.kinds.core import Secret
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.kinds.views import view

GROUP = "cert-manager.io"

E = TypeVar("E", bound=x509.ExtensionType)


class Cause(NamedTuple):
    """Why a certificate is to be issued."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class KeyPair:
    """What a Secret holds, read."""

    key: Key
    certificate: x509.Certificate


def key_pair_in(secret: Object | None) -> KeyPair | Cause:
    """The key pair in a Secret, or why there is none."""
    if secret is None:
        return Cause("DoesNotExist", "Issuing certificate as Secret does not exist")
    content = view(Secret, secret)
    if not content.data:
        return Cause("MissingData", "Issuing certificate as Secret does not contain any data")
    try:
        key_pem, certificate_pem = content.value("tls.key"), content.value("tls.crt")
        if key_pem is None:
            return Cause("MissingData", "Issuing certificate as Secret does not contain a private key")
        if certificate_pem is None:
            return Cause("MissingData", "Issuing certificate as Secret does not contain a certificate")
        key, certificate = keys.from_pem(key_pem), read_chain(certificate_pem)[0]
    except ValueError as error:
        return Cause("InvalidKeyPair", f"Issuing certificate as Secret contains invalid data: {error}")
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) or not keys.same(
        public, key.public_key()
    ):
        message = "Issuing certificate as Secret contains a private key that is not the certificate's"
        return Cause("InvalidKeyPair", message)
    return KeyPair(key, certificate)


def unfit(wanted: Wanted, secret: Object | None, now: datetime) -> Cause | None:
    """Why what is in the Secret does not do, if it does not. Such a Certificate is not Ready."""
    pair = key_pair_in(secret)
    if isinstance(pair, Cause) or secret is None:
        return pair if isinstance(pair, Cause) else None
    for question in _QUESTIONS:
        if (cause := question(wanted, secret, pair)) is not None:
            return cause
    expiry = pair.certificate.not_valid_after_utc
    if expiry <= now:
        return Cause("Expired", f"Certificate expired on {to_rfc3339(expiry)}")
    return None


def renewal_time(wanted: Wanted, certificate: x509.Certificate) -> datetime:
    """When the certificate is to be issued again: `renewBefore` before its end, or after two thirds of its life."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    before = wanted.renew_before
    if before is None or before >= end - start:
        before = (end - start) / 3
    return (end - before).replace(microsecond=0)


def due(wanted: Wanted, certificate: x509.Certificate, now: datetime) -> Cause | None:
    """Why a certificate that does is to be renewed, if it is."""
    moment = renewal_time(wanted, certificate)
    if moment > now:
        return None
    return Cause("Renewing", f"Renewing certificate as renewal was scheduled at {to_rfc3339(moment)}")


def _key_fits(wanted: Wanted, _: Object, pair: KeyPair) -> Cause | None:
    fields = keys.mismatches(pair.key, wanted.key)
    if not fields:
        return None
    return Cause("SecretMismatch", f"Existing private key is not up to date for spec: [{' '.join(fields)}]")


def _issuer_is_the_one(wanted: Wanted, secret: Object, _: KeyPair) -> Cause | None:
    annotations = secret["metadata"].get("annotations") or {}
    name, kind, group = (annotations.get(f"{GROUP}/issuer-{field}", "") for field in ("name", "kind", "group"))
    if (name, kind or "Issuer", group or GROUP) == (wanted.issuer.name, wanted.issuer.kind, wanted.issuer.group):
        return None
    former = f"{kind or 'Issuer'}.{group or GROUP}/{name}"
    return Cause("IncorrectIssuer", f'Issuing certificate as Secret was previously issued by "{former}"')


def _request_is_the_same(wanted: Wanted, _: Object, pair: KeyPair) -> Cause | None:
    fields = list(_changed_fields(wanted, pair.certificate))
    if not fields:
        return None
    return Cause("RequestChanged", f"Fields of the issued certificate not up to date: [{' '.join(fields)}]")


_QUESTIONS: tuple[Callable[[Wanted, Object, KeyPair], Cause | None], ...] = (
    _key_fits,
    _issuer_is_the_one,
    _request_is_the_same,
)


def _changed_fields(wanted: Wanted, certificate: x509.Certificate) -> Iterator[str]:
    if certificate.subject != wanted.subject:
        yield "spec.commonName, spec.subject"
    names = _extension(certificate, x509.SubjectAlternativeName)
    if set(names or ()) != set(wanted.general_names):
        yield "spec.dnsNames, spec.ipAddresses, spec.uris, spec.emailAddresses"
    constraints = _extension(certificate, x509.BasicConstraints)
    if (constraints is not None and constraints.ca) is not wanted.is_ca:
        yield "spec.isCA"
    if _extension(certificate, x509.KeyUsage) != usages.key_usage(wanted.usages) or _extended(
        _extension(certificate, x509.ExtendedKeyUsage)
    ) != _extended(usages.extended_key_usage(wanted.usages)):
        yield "spec.usages"
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if abs(lifetime - wanted.duration) >= timedelta(seconds=1):
        yield "spec.duration"


def _extension(certificate: x509.Certificate, type_: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(type_).value
    except x509.ExtensionNotFound:
        return None


def _extended(usage: x509.ExtendedKeyUsage | None) -> set[x509.ObjectIdentifier]:
    return set(usage or ())
