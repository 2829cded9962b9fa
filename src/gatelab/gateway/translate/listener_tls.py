"""TLS of a listener: `certificateRefs` become certificates, or reasons why not (Listener API, GatewayTLSConfig).

A Secret of any type will do: cert-manager keeps the type of a Secret that was there before, so Opaque is common. What
counts is that `tls.crt` and `tls.key` are PEM, belong together, and are such that Envoy takes them.
"""

from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.gateway.translate import pem, references
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.core import Secret
from gatelab.kinds.gatewayapi import Listener, SecretReference
from gatelab.kinds.objects import Key
from gatelab.proxy.model import Certificate

_INVALID = "InvalidCertificateRef"
MINIMUM_RSA_BITS = 2048
"""Envoy refuses shorter keys (`context_impl.cc`: "RSA keys with less than 2048 bits are not supported")."""


def ends_at(listener: Listener) -> bool:
    """Whether TLS ends at the listener, so that it needs a certificate."""
    mode = listener.tls.mode if listener.tls else "Terminate"
    return listener.protocol == "HTTPS" or (listener.protocol == "TLS" and mode == "Terminate")


def certificates(
    listener: Listener, referrer: Referrer, secrets: Mapping[Key, Secret], grants: Grants
) -> tuple[tuple[Certificate, ...], tuple[Unresolved, ...]]:
    """The usable certificates of the listener, and a refusal for each reference that is not."""
    certificate_refs = listener.tls.certificate_refs if listener.tls else ()
    if not certificate_refs:
        return (), (Unresolved(_INVALID, "tls.certificateRefs is empty: name a Secret with a certificate"),)
    outcomes = [certificate(reference, referrer, secrets, grants) for reference in dict.fromkeys(certificate_refs)]
    return (
        tuple(each for each in outcomes if isinstance(each, Certificate)),
        tuple(each for each in outcomes if isinstance(each, Unresolved)),
    )


def certificate(
    reference: SecretReference,
    referrer: Referrer,
    secrets: Mapping[Key, Secret],
    grants: Grants,
    *,
    field: str = "certificateRef",
) -> Certificate | Unresolved:
    """The certificate in the Secret that `field` names, with its key."""
    key = references.target(field, reference, referrer, grants, kind="Secret", else_reason=_INVALID)
    if isinstance(key, Unresolved):
        return key
    secret = secrets.get(key)
    if secret is None:
        return Unresolved(_INVALID, f"Secret {key} does not exist")
    return _read(key, secret)


def _read(key: Key, secret: Secret) -> Certificate | Unresolved:
    try:
        chain, private_key = secret.value("tls.crt"), secret.value("tls.key")
    except ValueError as error:
        return Unresolved(_INVALID, f"Secret {key}: {error}")
    if chain is None or private_key is None:
        missing = "tls.crt" if chain is None else "tls.key"
        return Unresolved(_INVALID, f"Secret {key} has no {missing} (yet)")
    fault = _fault(chain, private_key)
    if fault:
        return Unresolved(_INVALID, f"Secret {key}: {fault}")
    return Certificate(name=str(key), chain=chain, key=private_key)


def _fault(chain: bytes, private_key: bytes) -> str | None:
    """What Envoy would refuse about the pair; never a word of the key itself."""
    try:
        public_key = pem.certificates(chain)[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "tls.crt is not a PEM certificate"
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "tls.key is not an unencrypted PEM private key"
    if public_key.public_bytes(*_SPKI) != key.public_key().public_bytes(*_SPKI):
        return "tls.key does not belong to the certificate in tls.crt"
    return _weakness(key)


_SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _weakness(key: PrivateKeyTypes) -> str | None:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < MINIMUM_RSA_BITS:
        return f"the RSA key has {key.key_size} bits; Envoy wants {MINIMUM_RSA_BITS} or more"
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return "the key is neither RSA nor ECDSA, which is all that Envoy serves"
    return None
