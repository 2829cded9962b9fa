"""Cross serving: on one listener a hostname belongs to routes of one kind (GRPCRouteSpec, `hostnames`).

"If a Route (A) of type HTTPRoute or GRPCRoute is attached to a Listener and that listener already has another Route (B)
of the other type attached and the intersection of the hostnames of A and B is non-empty, then the implementation MUST
accept exactly one of these two routes": the oldest, then the first by namespace/name.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.snapshot import RouteId, route_id
from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.hostnames import coverers, hostnames_of, intersection, normal
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


class GivingWay:
    """The routes of a listener from one state to the next, and which of them must give way.

    Only those are asked about again that share a hostname with one that has come, gone or changed, or with one that
    does: without wildcards these are few.
    """

    def __init__(self) -> None:
        self.refused: dict[RouteId, RouteId] = {}
        self._routes: dict[RouteId, Route] = {}
        self._kinds: Counter[str] = Counter()
        self._by_hostname: dict[str, set[RouteId]] = {}
        self._touched: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._routes)

    def put(self, id_: RouteId, route: Route) -> None:
        """The route is attached now, and was not."""
        self._routes[id_] = route
        self._kinds[id_.kind] += 1
        for hostname in hostnames_of(route):
            self._by_hostname.setdefault(hostname, set()).add(id_)
            self._touched.add(hostname)

    def take(self, id_: RouteId) -> None:
        """The route is attached no longer."""
        route = self._routes.pop(id_)
        self._kinds[id_.kind] -= 1
        self.refused.pop(id_, None)
        for hostname in set(hostnames_of(route)):
            self._touched.add(hostname)
            self._by_hostname[hostname].discard(id_)
            if not self._by_hostname[hostname]:
                del self._by_hostname[hostname]

    def settle(self, listener: str, *, everything: bool) -> None:
        """Brings `refused` up to date; with `everything` all routes are asked about. `listener` is its hostname."""
        touched, self._touched = self._touched, set()
        if sum(map(bool, self._kinds.values())) < 2:
            self.refused = {}
            return
        concerned = self._routes.keys() if everything else self._concerned(touched)
        for id_ in concerned:
            self.refused.pop(id_, None)
        self.refused.update(in_the_way(listener, [self._routes[id_] for id_ in concerned]))

    def _concerned(self, hostnames: set[str]) -> Collection[RouteId]:
        found: set[RouteId] = set()
        seen, ahead = set(hostnames), list(hostnames)
        while ahead:
            hostname = ahead.pop()
            if hostname.startswith("*"):
                return self._routes.keys()
            here = (self._by_hostname.get(each, set()) for each in coverers(hostname))
            new = set[RouteId]().union(*here) - found
            found |= new
            more = {each for id_ in new for each in hostnames_of(self._routes[id_])} - seen
            seen |= more
            ahead.extend(more)
        return found
