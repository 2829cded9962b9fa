"""HTTPRoute."""

from gatelab.kinds.gatewayapi.filters import BackendReference, Filter, HeaderMatch, SessionPersistence
from gatelab.kinds.gatewayapi.references import ParentReference
from gatelab.kinds.views import ObjectView, View


class HTTPRouteRetry(View, frozen=True):
    """GEP-1731. `attempts` and `backoff` (a duration) are the implementation's choice where they are not given."""

    codes: tuple[int, ...] = ()
    attempts: int | None = None
    backoff: str = ""


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
    retry: HTTPRouteRetry | None = None
    session_persistence: SessionPersistence | None = None


class HTTPRouteSpec(View, frozen=True):
    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[HTTPRouteRule, ...] = (HTTPRouteRule(),)


class HTTPRoute(ObjectView, frozen=True):
    spec: HTTPRouteSpec = HTTPRouteSpec()
