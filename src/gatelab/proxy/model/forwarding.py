"""What becomes of a request: it goes to backends, or its client elsewhere."""

from dataclasses import dataclass
from typing import Literal

from gatelab.proxy.model.backend_policy import GrpcRetry
from gatelab.proxy.model.requests import NO_CHANGES, HeaderChanges, PathChange


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
