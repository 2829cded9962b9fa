"""Cross serving: on one listener a hostname belongs to routes of one kind (GRPCRouteSpec, `hostnames`).

"If a Route (A) of type HTTPRoute or GRPCRoute is attached to a Listener and that listener already has another Route (B)
of the other type attached and the intersection of the hostnames of A and B is non-empty, then the implementation MUST
accept exactly one of these two routes": the oldest, then the first by namespace/name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.snapshot import RouteId, route_id
from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.hostnames import coverers, intersection, normal
from gatelab.kinds.gatewayapi import Route


@dataclass(slots=True)
class _Taken:
    """The hostnames that routes of a kind have on a listener, and every pattern that covers one of them."""

    hostnames: dict[str, RouteId] = field(default_factory=dict)
    patterns: dict[str, RouteId] = field(default_factory=dict)

    def add(self, hostname: str, route: RouteId) -> None:
        self.hostnames.setdefault(hostname, route)
        for pattern in coverers(hostname):
            self.patterns.setdefault(pattern, route)

    def holder(self, hostname: str) -> RouteId | None:
        """A route with a hostname in common."""
        if hostname in self.patterns:
            return self.patterns[hostname]
        return next((self.hostnames[each] for each in coverers(hostname) if each in self.hostnames), None)


def in_the_way(listener: str, routes: Sequence[Route]) -> Mapping[RouteId, RouteId]:
    """Which of the routes attached to a listener with that hostname must give way, and to whom."""
    taken: dict[str, _Taken] = {kind.__name__: _Taken() for kind in {type(route) for route in routes}}
    refused: dict[RouteId, RouteId] = {}
    if len(taken) < 2:
        return refused
    for route in sorted(routes, key=lambda route: (*age(route), type(route).__name__)):
        id_ = route_id(route)
        common = (intersection(normal(listener), normal(each)) for each in route.spec.hostnames or ("",))
        hostnames = [each for each in common if each is not None]
        others = [each for kind, each in taken.items() if kind != id_.kind]
        holders = (other.holder(hostname) for other in others for hostname in hostnames)
        holder = next((each for each in holders if each is not None), None)
        if holder is not None:
            refused[id_] = holder
            continue
        for hostname in hostnames:
            taken[id_.kind].add(hostname, id_)
    return refused
