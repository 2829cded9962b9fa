"""What an Issuer or ClusterIssuer can sign with, or why it cannot."""

from collections.abc import Callable

import msgspec
from cryptography import x509

from gatelab.certs import keys
from gatelab.certs.problem import Problem
from gatelab.certs.signing import Authority
from gatelab.certs.views import IssuerView
from gatelab.kinds.core import Secret
from gatelab.kinds.lab import CLUSTER_RESOURCE_NAMESPACE
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.views import view

FindSecret = Callable[[Key], Object | None]


def ca_secret_key(issuer: Object) -> Key | None:
    """The Secret that a `ca` issuer signs with; None for one of another type, or one that cannot be read."""
    try:
        found = view(IssuerView, issuer)
    except msgspec.ValidationError:
        return None
    if found.spec.ca is None or not found.spec.ca.secret_name:
        return None
    return Key(found.metadata.namespace or CLUSTER_RESOURCE_NAMESPACE, found.spec.ca.secret_name)


def authority_of(issuer: Object, find_secret: FindSecret) -> Authority | None:
    """The CA that the issuer signs with; None when certificates sign themselves. Raises Problem."""
    try:
        spec = view(IssuerView, issuer).spec
    except msgspec.ValidationError as error:
        raise Problem("InvalidSpec", f"{error}; correct the field") from error
    if spec.self_signed is not None:
        return None
    if spec.ca is None:
        given = ", ".join(sorted(issuer.get("spec") or {})) or "nothing"
        raise Problem(
            "Unsupported", f"spec: {given} given, and gatelab issues by selfSigned and ca only; use one of them"
        )
    key = ca_secret_key(issuer)
    if key is None:
        raise Problem("InvalidSpec", "spec.ca.secretName: must be set")
    return _authority_in(find_secret(key), key)


def _authority_in(secret: Object | None, key: Key) -> Authority:
    if secret is None:
        raise Problem(
            "ErrGetKeyPair",
            f'Error getting keypair for CA issuer: secrets "{key.name}" not found in namespace {key.namespace}; '
            "create it, or a Certificate with isCA that writes it",
        )
    content = view(Secret, secret)
    try:
        chain = read_chain(_value(content, "tls.crt"))
        private = keys.from_pem(_value(content, "tls.key"))
    except ValueError as error:
        raise _invalid(key, str(error)) from error
    if not _is_ca(chain[0]):
        raise _invalid(key, "the first certificate of tls.crt is not a CA; issue it with isCA: true")
    if not keys.same(private.public_key(), chain[0].public_key()):  # type: ignore[arg-type]
        raise _invalid(key, "tls.key is not the key of the first certificate of tls.crt")
    return Authority(private, tuple(chain))


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """Certificates in PEM, one at least. Raises ValueError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ValueError("tls.crt does not hold PEM certificates") from error


def _value(secret: Secret, name: str) -> bytes:
    value = secret.value(name)
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _invalid(key: Key, what: str) -> Problem:
    return Problem("ErrInvalidKeyPair", f"Invalid signing key pair in secret {key}: {what}")


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
