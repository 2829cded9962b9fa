"""The certificate by which a Gateway says to backends who it is (`spec.tls.backend.clientCertificateRef`; GEP-3155)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.gateway.translate import listener_tls
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.core import Secret
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key
from gatelab.proxy import model

_FIELD = "clientCertificateRef"


@dataclass(frozen=True, slots=True)
class Identity:
    """The certificate, None if there is none; and why one that is asked for cannot be used."""

    certificate: model.Certificate | None = None
    refusal: Unresolved | None = None


NOBODY = Identity()


def identity(gateway: Gateway, secrets: Mapping[Key, Secret], grants: Grants) -> Identity:
    """What the Gateway shows. A reference that cannot be used leaves it without, and backends may turn it away."""
    backend = gateway.spec.tls.backend
    if backend is None or backend.client_certificate_ref is None:
        return NOBODY
    referrer = Referrer("Gateway", gateway.metadata.namespace)
    found = listener_tls.certificate(backend.client_certificate_ref, referrer, secrets, grants, field=_FIELD)
    if isinstance(found, model.Certificate):
        return Identity(found)
    reason = found.reason if found.reason == "RefNotPermitted" else "InvalidClientCertificateRef"
    return Identity(refusal=replace(found, reason=reason))
