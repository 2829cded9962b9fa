"""What a proxy shall do: listeners, route tables, backends, endpoints, certificates. Frozen, compared by value.

The words are the proxy's (listener, host, route, backend), never Kubernetes' and never protobuf's. Everything that has
an order carries it as a tuple in the order of evaluation; names are unique within their type and stable from one
configuration to the next, because what is delivered, accepted or rejected is tracked by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gatelab.proxy.backend_policy import NO_POLICY, BackendPolicy, GrpcRetry

# Parts of the model, which have a file of their own.
from gatelab.proxy.tls import Authorities as Authorities
from gatelab.proxy.tls import Certificate as Certificate
from gatelab.proxy.tls import ClientValidation as ClientValidation
from gatelab.proxy.tls import SubjectName as SubjectName
from gatelab.proxy.tls import TlsTermination as TlsTermination
from gatelab.proxy.tls import UpstreamTls as UpstreamTls

AccessLog = Literal["off", "text", "json"]
"""Whether a line is written per request, and how."""


@dataclass(frozen=True, slots=True)
class HttpChain:
    """What an accepted connection meets: TLS or not, then HTTP with a route table.

    `server_names` select by SNI, exact or `*.suffix`; empty takes every connection that no other chain took. Without
    TLS, HTTP/1.1 and HTTP/2 with prior knowledge are told apart by the first bytes.
    """

    name: str
    route_table: str
    tls: TlsTermination | None = None
    server_names: tuple[str, ...] = ()
    access_log: AccessLog = "off"


@dataclass(frozen=True, slots=True)
class PathMatch:
    """`prefix` is by whole path segments (`/a` matches `/a` and `/a/b`, not `/ab`); `regex` (RE2) the whole path."""

    kind: Literal["exact", "prefix", "regex"]
    value: str


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """`name` is lower case; `regex` (RE2) matches the whole value, `absent` a request without the header."""

    name: str
    kind: Literal["exact", "regex", "absent"]
    value: str


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """A parameter of the query by its exact name, the first one where it is repeated; `regex` (RE2) is the whole value.

    Both are compared as the client wrote them: nothing is percent-decoded.
    """

    name: str
    kind: Literal["exact", "regex"]
    value: str


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """All given parts must match. `method` "" is any.

    `grpc` takes only requests of gRPC or gRPC-Web, whose deadline (`grpc-timeout`) then holds at the proxy too.
    """

    path: PathMatch = PathMatch("prefix", "/")
    headers: tuple[HeaderMatch, ...] = ()
    grpc: bool = False
    method: str = ""
    query: tuple[QueryMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """Headers by lower-case name: `remove` first, then `set` replaces, then `add` appends."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()

    def then(self, later: "HeaderChanges") -> "HeaderChanges":
        """The changes that come to the same as these, followed by `later`."""
        undone = {*later.remove, *(name for name, _ in later.set)}
        return HeaderChanges(
            set=(*(each for each in self.set if each[0] not in undone), *later.set),
            add=(*(each for each in self.add if each[0] not in undone), *later.add),
            remove=tuple(dict.fromkeys((*self.remove, *later.remove))),
        )


NO_CHANGES = HeaderChanges()


@dataclass(frozen=True, slots=True)
class PathChange:
    """The new path: `value` in place of the whole one, or of the matched `prefix` if that is given."""

    value: str
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class WeightedBackend:
    """A share of the requests or connections. `backend` None is a share that cannot be served.

    Its header changes come after those of the route; layer 4 knows of none.
    """

    backend: str | None
    weight: int = 1
    request_headers: HeaderChanges = NO_CHANGES
    response_headers: HeaderChanges = NO_CHANGES


@dataclass(frozen=True, slots=True)
class TcpChain:
    """Bytes to a backend: layer 4. One endpoint of one backend, by weight, is chosen per connection.

    A share without a backend is closed, and so is every connection if no backend has a weight. `server_names` select
    as those of an `HttpChain` do. Without `tls`, what the client sends goes on as it is, TLS included.
    """

    name: str
    backends: tuple[WeightedBackend, ...]
    server_names: tuple[str, ...] = ()
    tls: TlsTermination | None = None


@dataclass(frozen=True, slots=True)
class UdpChain:
    """Datagrams to a backend. One endpoint of one backend, by weight, is chosen per address and port of a client.

    What falls into a share without a backend is dropped.
    """

    name: str
    backends: tuple[WeightedBackend, ...]


Chain = HttpChain | TcpChain | UdpChain


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound address. `HttpChain`s and `TcpChain`s share it by server name; a `UdpChain` has it to itself.

    With a `UdpChain` it is a UDP port, which is none of the TCP ports of the same number. A `shared` one may be
    bound by another process of the same user at the same time: by the Envoy that takes over, or by one of several. With
    `exact_balance` connections are dealt out evenly to workers.
    """

    name: str
    address: str
    port: int
    chains: tuple[Chain, ...]
    shared: bool = True
    exact_balance: bool = False


@dataclass(frozen=True, slots=True)
class Mirror:
    """A copy of `parts_per_million` of the requests, whose answers are thrown away."""

    backend: str
    parts_per_million: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Retry:
    """A request is sent again, to another endpoint, up to `attempts` times beside the first: after an answer with one
    of `statuses`, and where no answer came (the connection failed or was lost, an attempt ran out of time).

    `backoff_s` is the mean wait before the first repetition; None leaves it to the proxy.
    """

    attempts: int = 1
    statuses: tuple[int, ...] = ()
    backoff_s: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """The requests of one client go to one endpoint of one backend, as long as it is there, whatever the weights.

    The answer carries what the client has to send again: a cookie or a header of that name. A cookie is for requests
    below `path` and lasts `lifetime_s`; None is until the client ends.
    """

    carrier: Literal["cookie", "header"]
    name: str
    lifetime_s: float | None = None
    path: str = "/"
    secure: bool = False


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
class Forward:
    """Send to one of the backends by weight; no backend with a weight above 0 means every request fails.

    `failure_status` is the HTTP status of what cannot be served: 503 becomes UNAVAILABLE for gRPC, where 500 would be
    UNKNOWN. `timeout_s` None is no timeout: streams live as long as they like; `attempt_timeout_s` is for each try.
    `connect_retries` is how often another endpoint is tried when the request was certainly not sent (connect-failure,
    refused-stream); `retry` is what is tried again beside that. `host` and `path` rewrite what the backend sees. With a
    `session` a backend of weight 0 keeps the clients that it has.
    """

    backends: tuple[WeightedBackend, ...]
    failure_status: int = 503
    timeout_s: float | None = None
    connect_retries: int = 1
    attempt_timeout_s: float | None = None
    host: str = ""
    path: PathChange | None = None
    mirrors: tuple[Mirror, ...] = ()
    retry: Retry | None = None
    grpc_retry: GrpcRetry | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer that sends the client elsewhere. What is empty stays as it was asked for.

    `port` None leaves the port that the client named in its Host header, if any.
    """

    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: PathChange | None = None
    status: int = 302


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


@dataclass(frozen=True, slots=True)
class Backend:
    """A set of endpoints that one kind of request may go to; its endpoints travel separately, by this name."""

    name: str
    protocol: Literal["tcp", "udp", "http1", "http2"]
    policy: BackendPolicy = NO_POLICY
    connect_timeout_s: float = 5.0
    tls: UpstreamTls | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that serves a backend."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Everything that one proxy shall do, but for the endpoints. The empty one does nothing."""

    listeners: tuple[Listener, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    backends: tuple[Backend, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    authorities: tuple[Authorities, ...] = ()
    """Named apart from the certificates: Envoy has one space of names for both."""


Endpoints = Mapping[str, tuple[Endpoint, ...]]
"""The endpoints of each backend, by the backend's name. A backend without an entry has none."""


ResourceType = Literal["listener", "route_table", "host", "backend", "endpoints", "certificate"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How far a proxy has come with what was published to it.

    `connected`: at least one Envoy of this proxy has an open stream. `pending`: names, per type, that are published but
    not acknowledged by every connected Envoy in their present version. `rejected`: names per type with Envoy's words;
    the proxy serves the last good version of these.
    """

    connected: bool = False
    pending: Mapping[ResourceType, frozenset[str]] = field(default_factory=dict)
    rejected: Mapping[ResourceType, Mapping[str, str]] = field(default_factory=dict)

    def has_accepted(self, type_: ResourceType, name: str) -> bool:
        """Whether every connected Envoy runs the present version of that resource."""
        return (
            self.connected
            and name not in self.pending.get(type_, frozenset())
            and name not in self.rejected.get(type_, {})
        )
