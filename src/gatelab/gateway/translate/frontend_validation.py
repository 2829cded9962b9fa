"""Certificates of clients: whether HTTPS listeners ask for them, and who may have signed them (`spec.tls.frontend`).

GatewayTLSConfig, FrontendTLSConfig; GEP-91. What is said of a port takes the place of what is said of all. A listener
without a single usable authority is not accepted: it would let in nobody, or everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.gateway.translate import authorities
from gatelab.gateway.translate.observations import holds
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.conditions import Condition
from gatelab.kinds.core import ConfigMap
from gatelab.kinds.gatewayapi import FrontendValidation, Gateway, Listener
from gatelab.kinds.objects import Key
from gatelab.proxy import model

INSECURE = "InsecureFrontendValidationMode"
_FALLBACK = "AllowInsecureFallback"


@dataclass(frozen=True, slots=True)
class Validation:
    """What is asked of the clients of a listener. Without `authorities` nobody can be judged."""

    authorities: model.Authorities | None
    required: bool
    refusals: tuple[Unresolved, ...] = ()

    @property
    def clients(self) -> model.ClientValidation | None:
        return model.ClientValidation(self.authorities.name, self.required) if self.authorities else None


def validation(
    gateway: Gateway, listener: Listener, config_maps: Mapping[Key, ConfigMap], grants: Grants
) -> Validation | None:
    """What the Gateway asks of those who come by that listener, its own or a ListenerSet's; None if nothing."""
    asked = _asked(gateway, listener.port) if listener.protocol == "HTTPS" else None
    if asked is None:
        return None
    referrer = Referrer("Gateway", gateway.metadata.namespace)
    resolved = authorities.resolved(
        asked.ca_certificate_refs, referrer, config_maps, grants, wrong_kind="InvalidCACertificateKind"
    )
    return Validation(resolved.authorities, asked.mode != _FALLBACK, resolved.refusals)


def _asked(gateway: Gateway, port: int) -> FrontendValidation | None:
    frontend = gateway.spec.tls.frontend
    if frontend is None:
        return None
    of_port = next((each.tls for each in frontend.per_port if each.port == port), frontend.default)
    return of_port.validation


def insecure(gateway: Gateway) -> Condition | None:
    """InsecureFrontendValidationMode of the Gateway: there while clients may come without a valid certificate."""
    frontend = gateway.spec.tls.frontend
    if frontend is None:
        return None
    asked = {"every port": frontend.default} | {f"port {each.port}": each.tls for each in frontend.per_port}
    where = [name for name, tls in asked.items() if tls.validation is not None and tls.validation.mode == _FALLBACK]
    if not where:
        return None
    message = f"{_FALLBACK} on {', '.join(where)}: clients without a valid certificate are let in"
    return holds(INSECURE, gateway.metadata.generation, reason="ConfigurationChanged", message=message)
