"""Preflights that ask for no headers, where any may be sent: a route of their own.

"If the `Access-Control-Request-Headers` header is not present in the request, the gateway must omit the
`Access-Control-Allow-Headers` response header" (HTTPCORSFilter, `allowHeaders`): Envoy would answer with an empty one.
"""

from dataclasses import replace

from gatelab.proxy.model import HeaderMatch, Route

_ASKS_FOR_NONE = HeaderMatch("access-control-request-headers", "absent", "")


def with_preflights(route: Route) -> tuple[Route, ...]:
    """The route, after one for such preflights if it needs one."""
    if route.cors is None or "*" not in route.cors.headers or route.match.method not in ("", "OPTIONS"):
        return (route,)
    match = replace(route.match, method="OPTIONS", headers=(*route.match.headers, _ASKS_FOR_NONE))
    return (replace(route, match=match, cors=replace(route.cors, headers=())), route)
