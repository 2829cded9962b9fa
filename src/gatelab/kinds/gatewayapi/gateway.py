"""GatewayClass and Gateway."""

from typing import Any

import msgspec

from gatelab.kinds.gatewayapi.listeners import Listener
from gatelab.kinds.gatewayapi.references import ObjectReference, ParametersReference, SecretReference
from gatelab.kinds.views import ObjectView, View


class GatewayClassSpec(View, frozen=True):
    controller_name: str = ""
    parameters_ref: ParametersReference | None = None


class GatewayClass(ObjectView, frozen=True):
    spec: GatewayClassSpec = GatewayClassSpec()


class GatewayAddress(View, frozen=True):
    type: str = "IPAddress"
    value: str = ""
    """"" leaves the choice to the implementation (GatewayAddressEmpty)."""


class Infrastructure(View, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    parameters_ref: ParametersReference | None = None


class ListenerNamespaces(View, frozen=True):
    """`From` None refuses every ListenerSet."""

    from_: str = msgspec.field(name="from", default="None")
    selector: dict[str, Any] | None = None


class AllowedListeners(View, frozen=True):
    namespaces: ListenerNamespaces = ListenerNamespaces()


class BackendTls(View, frozen=True):
    client_certificate_ref: SecretReference | None = None


class FrontendValidation(View, frozen=True):
    """`spec.tls.frontend.*.validation`; `mode` "" is AllowValidOnly."""

    ca_certificate_refs: tuple[ObjectReference, ...] = ()
    mode: str = "AllowValidOnly"


class FrontendTls(View, frozen=True):
    validation: FrontendValidation | None = None


class PortTls(View, frozen=True):
    port: int
    tls: FrontendTls = FrontendTls()


class Frontend(View, frozen=True):
    """What is asked of clients on HTTPS listeners: by default, and on ports that differ."""

    default: FrontendTls = FrontendTls()
    per_port: tuple[PortTls, ...] = ()


class GatewayTls(View, frozen=True):
    backend: BackendTls | None = None
    frontend: Frontend | None = None


class GatewaySpec(View, frozen=True):
    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[GatewayAddress, ...] = ()
    infrastructure: Infrastructure = Infrastructure()
    allowed_listeners: AllowedListeners = AllowedListeners()
    tls: GatewayTls = GatewayTls()


class Gateway(ObjectView, frozen=True):
    spec: GatewaySpec = GatewaySpec()
