"""Listeners, of a Gateway or of a ListenerSet."""

from typing import Any

import msgspec

from gatelab.kinds.gatewayapi.references import RouteGroupKind, SecretReference
from gatelab.kinds.views import View


class ListenerTls(View, frozen=True):
    mode: str = "Terminate"
    certificate_refs: tuple[SecretReference, ...] = ()
    options: dict[str, str] = {}


class RouteNamespaces(View, frozen=True):
    from_: str = msgspec.field(name="from", default="Same")
    selector: dict[str, Any] | None = None


class AllowedRoutes(View, frozen=True):
    namespaces: RouteNamespaces = RouteNamespaces()
    kinds: tuple[RouteGroupKind, ...] = ()


class Listener(View, frozen=True):
    name: str
    port: int
    protocol: str
    hostname: str = ""
    """"" takes every hostname."""
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes = AllowedRoutes()
