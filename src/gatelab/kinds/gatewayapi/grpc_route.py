"""GRPCRoute."""

from gatelab.kinds.gatewayapi.filters import BackendReference, Filter, HeaderMatch, SessionPersistence
from gatelab.kinds.gatewayapi.references import ParentReference
from gatelab.kinds.views import ObjectView, View


class MethodMatch(View, frozen=True):
    type: str = "Exact"
    service: str = ""
    method: str = ""
    """"" matches any."""


class GRPCRouteMatch(View, frozen=True):
    method: MethodMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()


class GRPCRouteRule(View, frozen=True):
    name: str = ""
    matches: tuple[GRPCRouteMatch, ...] = ()
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendReference, ...] = ()
    session_persistence: SessionPersistence | None = None


class GRPCRouteSpec(View, frozen=True):
    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[GRPCRouteRule, ...] = (GRPCRouteRule(),)


class GRPCRoute(ObjectView, frozen=True):
    spec: GRPCRouteSpec = GRPCRouteSpec()
