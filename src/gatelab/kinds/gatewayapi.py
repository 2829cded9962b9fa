"""Typed views of gateway.networking.k8s.io/v1: GatewayClass, Gateway, GRPCRoute, HTTPRoute, ReferenceGrant.

The defaults are those of the schemas (Gateway API v1.6), so that an object reads the same whether or not the API server
filled them in. Fields that we do not implement are named where leaving them out silently would change what is served.
"""

from typing import Any

import msgspec

from gatelab.kinds.views import ObjectView, View

GROUP = "gateway.networking.k8s.io"


class ParametersReference(View, frozen=True):
    group: str = ""
    kind: str = ""
    name: str = ""


class GatewayClassSpec(View, frozen=True):
    controller_name: str = ""
    parameters_ref: ParametersReference | None = None


class GatewayClass(ObjectView, frozen=True):
    spec: GatewayClassSpec = GatewayClassSpec()


class SecretReference(View, frozen=True):
    group: str = ""
    kind: str = "Secret"
    name: str = ""
    namespace: str | None = None


class ListenerTls(View, frozen=True):
    mode: str = "Terminate"
    certificate_refs: tuple[SecretReference, ...] = ()
    frontend_validation: dict[str, Any] | None = None


class RouteNamespaces(View, frozen=True):
    from_: str = msgspec.field(name="from", default="Same")
    selector: dict[str, Any] | None = None


class RouteGroupKind(View, frozen=True):
    kind: str
    group: str = GROUP


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


class GatewayAddress(View, frozen=True):
    type: str = "IPAddress"
    value: str = ""
    """"" leaves the choice to the implementation (GatewayAddressEmpty)."""


class Infrastructure(View, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    parameters_ref: ParametersReference | None = None


class GatewayTls(View, frozen=True):
    frontend: dict[str, Any] | None = None


class GatewaySpec(View, frozen=True):
    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[GatewayAddress, ...] = ()
    infrastructure: Infrastructure = Infrastructure()
    tls: GatewayTls = GatewayTls()


class Gateway(ObjectView, frozen=True):
    spec: GatewaySpec = GatewaySpec()


class ParentReference(View, frozen=True):
    name: str
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class MethodMatch(View, frozen=True):
    type: str = "Exact"
    service: str = ""
    method: str = ""
    """"" matches any."""


class HeaderMatch(View, frozen=True):
    name: str
    value: str
    type: str = "Exact"


class GRPCRouteMatch(View, frozen=True):
    method: MethodMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()


class Header(View, frozen=True):
    name: str
    value: str


class HeaderModifier(View, frozen=True):
    set: tuple[Header, ...] = ()
    add: tuple[Header, ...] = ()
    remove: tuple[str, ...] = ()


class PathModifier(View, frozen=True):
    type: str
    replace_full_path: str | None = None
    replace_prefix_match: str | None = None


class RequestRedirect(View, frozen=True):
    scheme: str = ""
    hostname: str = ""
    path: PathModifier | None = None
    port: int | None = None
    status_code: int = 302


class UrlRewrite(View, frozen=True):
    hostname: str = ""
    path: PathModifier | None = None


class Fraction(View, frozen=True):
    numerator: int
    denominator: int = 100


class MirrorReference(View, frozen=True):
    name: str
    group: str = ""
    kind: str = "Service"
    namespace: str | None = None
    port: int | None = None


class RequestMirror(View, frozen=True):
    backend_ref: MirrorReference
    percent: int | None = None
    fraction: Fraction | None = None


class Filter(View, frozen=True):
    """A filter of a GRPCRoute or an HTTPRoute. Types that we do not implement have no field here."""

    type: str
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None
    request_redirect: RequestRedirect | None = None
    url_rewrite: UrlRewrite | None = None
    request_mirror: RequestMirror | None = None


class BackendReference(View, frozen=True):
    name: str
    group: str = ""
    kind: str = "Service"
    namespace: str | None = None
    port: int | None = None
    weight: int = 1
    filters: tuple[Filter, ...] = ()


class GRPCRouteRule(View, frozen=True):
    name: str = ""
    matches: tuple[GRPCRouteMatch, ...] = ()
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendReference, ...] = ()
    session_persistence: dict[str, Any] | None = None


class GRPCRouteSpec(View, frozen=True):
    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[GRPCRouteRule, ...] = (GRPCRouteRule(),)


class GRPCRoute(ObjectView, frozen=True):
    spec: GRPCRouteSpec = GRPCRouteSpec()


class HTTPPathMatch(View, frozen=True):
    type: str = "PathPrefix"
    value: str = "/"


class HTTPRouteMatch(View, frozen=True):
    path: HTTPPathMatch = HTTPPathMatch()
    headers: tuple[HeaderMatch, ...] = ()
    query_params: tuple[HeaderMatch, ...] = ()
    method: str = ""
    """"" matches any."""


class HTTPRouteTimeouts(View, frozen=True):
    """Durations as GEP-2257 writes them; "" is no limit of ours."""

    request: str = ""
    backend_request: str = ""


class HTTPRouteRule(View, frozen=True):
    name: str = ""
    matches: tuple[HTTPRouteMatch, ...] = (HTTPRouteMatch(),)
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendReference, ...] = ()
    timeouts: HTTPRouteTimeouts = HTTPRouteTimeouts()
    retry: dict[str, Any] | None = None
    session_persistence: dict[str, Any] | None = None


class HTTPRouteSpec(View, frozen=True):
    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[HTTPRouteRule, ...] = (HTTPRouteRule(),)


class HTTPRoute(ObjectView, frozen=True):
    spec: HTTPRouteSpec = HTTPRouteSpec()


Route = GRPCRoute | HTTPRoute


class GrantFrom(View, frozen=True):
    kind: str
    namespace: str
    group: str = ""


class GrantTo(View, frozen=True):
    kind: str
    group: str = ""
    name: str = ""
    """"" is every object of the kind."""


class ReferenceGrantSpec(View, frozen=True):
    from_: tuple[GrantFrom, ...] = msgspec.field(name="from", default=())
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(ObjectView, frozen=True):
    spec: ReferenceGrantSpec = ReferenceGrantSpec()
