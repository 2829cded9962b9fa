"""Where the filter of gRPC-Web is awake: on routes of their own, beside those for gRPC, or on a host as a whole.

The filter costs each call that it lets pass some 2 % of what Envoy does for it. So a route of gRPC has a twin before it
that takes plain gRPC alone, which thus meets the filter nowhere, and is asked for by Envoy's own word, which is cheap.
What is left to the route itself is gRPC-Web, and what only begins like gRPC, which the filter lets pass. A filter
around it that looks at the content type itself (match delegate, composite) would cost 3 % of each request, everywhere.
"""

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute

from gatelab.proxy.model import RouteMatch, VirtualHost
from gatelab.proxy.resources.http_filters import GRPC_WEB, awake
from gatelab.proxy.resources.route_match import plain_grpc_match

MOST_TWINS = 16
"""Where a host has more routes of gRPC the filter is awake for all of it: twice the table would cost at each change."""


def has_twins(host: VirtualHost) -> bool:
    """Whether its routes of gRPC have twins."""
    return 0 < sum(route.match.grpc for route in host.routes) <= MOST_TWINS


def has_filter(host: VirtualHost) -> bool:
    """Whether the filter is awake for the host as a whole."""
    return sum(route.match.grpc for route in host.routes) > MOST_TWINS


def twin(route: EnvoyRoute, match: RouteMatch) -> EnvoyRoute:
    """The route, for what of its requests is plain gRPC."""
    found = EnvoyRoute()
    found.CopyFrom(route)
    found.match.CopyFrom(plain_grpc_match(match))
    return found


def translated(route: EnvoyRoute) -> EnvoyRoute:
    """The route, with the filter awake."""
    found = EnvoyRoute()
    found.CopyFrom(route)
    found.typed_per_filter_config[GRPC_WEB].CopyFrom(awake())
    return found
