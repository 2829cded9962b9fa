"""Who refers to whom among Certificates, Issuers and Secrets. Total: an object of any shape has references or none."""

from collections.abc import Iterable

from gatelab.certs.authority import ca_secret_key
from gatelab.certs.decision import GROUP
from gatelab.kinds.builtin import CLUSTER_ISSUER, ISSUER
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object

BY_SECRET = "certificate-secret"
BY_ISSUER = "certificate-issuer"
BY_CA_SECRET = "issuer-ca-secret"

ISSUER_KINDS = {kind.name: kind for kind in (ISSUER, CLUSTER_ISSUER)}


def secret_of_certificate(certificate: Object) -> Iterable[str]:
    """For the index BY_SECRET."""
    name = _text(certificate, "spec", "secretName")
    return (str(Key(certificate["metadata"]["namespace"], name)),) if name else ()


def issuer_of_certificate(certificate: Object) -> Iterable[str]:
    """For the index BY_ISSUER."""
    kind = ISSUER_KINDS.get(_text(certificate, "spec", "issuerRef", "kind") or ISSUER.name)
    if kind is None or (_text(certificate, "spec", "issuerRef", "group") or GROUP) != GROUP:
        return ()
    name = _text(certificate, "spec", "issuerRef", "name")
    return (issuer_value(kind, Key(certificate["metadata"]["namespace"] if kind.namespaced else "", name)),)


def secret_of_issuer(issuer: Object) -> Iterable[str]:
    """For the index BY_CA_SECRET."""
    key = ca_secret_key(issuer)
    return (str(key),) if key is not None else ()


def issuer_value(kind: Kind, key: Key) -> str:
    """What an issuer is in the index BY_ISSUER."""
    return f"{kind.name} {key}"


def _text(obj: Object, *path: str) -> str:
    value: object = obj
    for field in path:
        value = value.get(field) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
