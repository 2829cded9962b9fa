"""Kinds of routes that a listener carries: by its protocol, narrowed by `allowedRoutes.kinds` (Listener API)."""

from gatelab.kinds.gatewayapi import GROUP, Listener, RouteGroupKind

HTTP_ROUTE = RouteGroupKind(kind="HTTPRoute", group=GROUP)
GRPC_ROUTE = RouteGroupKind(kind="GRPCRoute", group=GROUP)
TLS_ROUTE = RouteGroupKind(kind="TLSRoute", group=GROUP)
TCP_ROUTE = RouteGroupKind(kind="TCPRoute", group=GROUP)
UDP_ROUTE = RouteGroupKind(kind="UDPRoute", group=GROUP)

BY_PROTOCOL: dict[str, tuple[RouteGroupKind, ...]] = {
    "HTTP": (HTTP_ROUTE, GRPC_ROUTE),
    "HTTPS": (HTTP_ROUTE, GRPC_ROUTE),
    "TLS": (TLS_ROUTE,),
    "TCP": (TCP_ROUTE,),
    "UDP": (UDP_ROUTE,),
}
"""The protocols that are served, with the kinds that each can carry."""


def supported(listener: Listener) -> tuple[RouteGroupKind, ...]:
    """`status.listeners[].supportedKinds`: the wanted kinds that the protocol can carry, or all of these."""
    possible = BY_PROTOCOL.get(listener.protocol, ())
    wanted = listener.allowed_routes.kinds
    return tuple(kind for kind in dict.fromkeys(wanted) if kind in possible) if wanted else possible


def unsupported(listener: Listener) -> tuple[RouteGroupKind, ...]:
    """The wanted kinds that it cannot carry, for ResolvedRefs/InvalidRouteKinds."""
    possible = BY_PROTOCOL.get(listener.protocol, ())
    return tuple(kind for kind in listener.allowed_routes.kinds if kind not in possible)
