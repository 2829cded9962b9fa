"""TLSRoute, TCPRoute and UDPRoute: connections (or datagrams) to backends by weight."""

from gatelab.kinds.gatewayapi.filters import BackendReference
from gatelab.kinds.gatewayapi.references import ParentReference
from gatelab.kinds.views import ObjectView, View


class L4RouteRule(View, frozen=True):
    name: str = ""
    backend_refs: tuple[BackendReference, ...] = ()


class L4RouteSpec(View, frozen=True):
    """`hostnames` are server names (SNI); only a TLSRoute has them."""

    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[L4RouteRule, ...] = ()


class TLSRoute(ObjectView, frozen=True):
    spec: L4RouteSpec = L4RouteSpec()


class TCPRoute(ObjectView, frozen=True):
    spec: L4RouteSpec = L4RouteSpec()


class UDPRoute(ObjectView, frozen=True):
    spec: L4RouteSpec = L4RouteSpec()
