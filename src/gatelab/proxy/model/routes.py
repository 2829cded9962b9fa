"""Tables of hosts and their routes."""

from dataclasses import dataclass

from gatelab.proxy.model.forwarding import Forward, Redirect
from gatelab.proxy.model.requests import NO_CHANGES, HeaderChanges, RouteMatch


@dataclass(frozen=True, slots=True)
class Cors:
    """What scripts of other origins may do (Fetch standard, "CORS protocol"); a preflight is answered by the proxy.

    `origins` (RE2) match the whole Origin header. "*" among methods and headers is any.
    """

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    credentials: bool = False
    max_age_s: int = 5


@dataclass(frozen=True, slots=True)
class Route:
    """A match and what follows. `name` identifies the rule that it came from, for logs and for rejections."""

    name: str
    match: RouteMatch
    action: Forward | Redirect
    request_headers: HeaderChanges = NO_CHANGES
    response_headers: HeaderChanges = NO_CHANGES
    cors: Cors | None = None

    @property
    def backends(self) -> frozenset[str]:
        """The backends that requests may go to."""
        if isinstance(self.action, Redirect):
            return frozenset()
        keeps = self.action.session is not None
        shares = {each.backend for each in self.action.backends if each.backend and (keeps or each.weight > 0)}
        return frozenset(shares | {each.backend for each in self.action.mirrors})


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """Requests to `domains` (exact, `*.suffix` or `*`; ports in the Host header are ignored) try `routes` in order.

    Without a match the answer is 404, which gRPC clients read as UNIMPLEMENTED; of a host that is `elsewhere`, behind
    another server name than the connection asked for, it is 421 (RFC 9110, 15.5.20), and there are no routes.
    """

    name: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The hosts behind one or more chains."""

    name: str
    hosts: tuple[VirtualHost, ...]
