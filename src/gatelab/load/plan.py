"""What a load run is asked to do."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from gatelab.load.credentials import Credentials
from gatelab.load.recipe import Recipe
from gatelab.load.requests import RequestSource
from gatelab.load.schedules.callers import Callers
from gatelab.load.schedules.schedule import Arrivals, Schedule
from gatelab.load.series import Second
from gatelab.load.share import Share, SharedArrivals
from gatelab.load.stream_plan import StreamPlan

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A look at a run, once for each second, when it is over."""

    elapsed_s: float
    count: int
    """Calls that have ended, errors included."""
    errors: int
    in_flight: int
    waiting: int
    """Calls that are due and have not started."""
    rps: float
    """Calls that ended in the last whole second; the percentiles are of its response times."""
    p50_ns: int
    p99_ns: int
    pods: Mapping[str, int] = field(default_factory=dict)
    """Calls by pod, so far."""
    last: Second | None = None
    """The last whole second."""

    @property
    def ok(self) -> int:
        """Calls that have ended well."""
        return self.count - self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One run.

    Open loop when `rps` or `schedule` is given: calls start at their times whatever the server does. Otherwise closed:
    each of `concurrency` callers starts its next call when its last has ended.

    It ends after `total` calls or `duration_s` seconds, whichever comes first; one of them must be given.
    """

    host: str
    port: int
    path: str
    """`/package.Service/Method`"""
    message: bytes
    """The request, encoded."""
    source: RequestSource | Recipe | None = None
    """Makes a request for each call, instead of `message`; with several workers a recipe for it."""
    stream: StreamPlan | None = None
    """None for a unary method."""
    gzip: bool = False
    """Requests are compressed."""
    max_send_bytes: int | None = None
    max_receive_bytes: int | None = None
    """Of messages; longer ones are RESOURCE_EXHAUSTED. None: no limit."""
    address: str | None = None
    """Where to connect, when the name of `host` is not for the socket to resolve."""
    targets: tuple[Address, ...] = ()
    """Addresses to spread the connections over, round robin, instead of host and port: the direct-to-pod baseline."""
    tls: ssl.SSLContext | Recipe | None = None
    """With several workers a recipe for it."""
    authority: str = ""
    """`:authority`; host:port if empty."""
    server_name: str | None = None
    credentials: Credentials | None = None
    """The same as `tls`, for the engine grpcio."""
    engine: Literal["native", "grpcio"] = "native"
    alpn: Literal["strict", "lenient"] = "strict"
    """Whether a server with TLS has to choose h2 by ALPN."""
    rps: float = 0
    schedule: Arrivals | None = None
    total: int | None = None
    duration_s: float | None = None
    connections: int = 1
    concurrency: int = 50
    """Most calls in flight. Where an open loop reaches it, calls wait; that is in their response time, and reported."""
    callers: Callers | None = None
    """Changes `concurrency` as time goes by."""
    timeout_s: float = 20.0
    connect_timeout_s: float = 10.0
    drain_s: float = 5.0
    """How long after the end calls in flight may still be answered; what is out then counts as Canceled."""
    at_end: Literal["wait", "close", "ignore"] = "wait"
    """What becomes of calls in flight after `duration_s`: they are waited for, as `drain_s` says; or they are ended at
    once and count as Unavailable; or they are ended and do not count."""
    skip_first: int = 0
    """So many calls, in the order in which they end, are not counted."""
    count_errors: bool = False
    """The times of failed calls count too."""
    details_at_most: int = 0
    """Of so many calls the result says when they ended, how long they took and what became of them."""
    keepalive_s: float = 0
    """A PING on each connection after every so many seconds; 0: none."""
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    pod_key: str = "x-pod-name"
    """The response metadata that names the pod; headers or trailers."""
    workers: int = 1
    """Processes that share connections, concurrency, rate and total; 1: this one."""
    warm_up_s: float = 0
    """So long the same load goes first, on the same connections; what it finds is apart from the result."""
    share: Share = field(default_factory=Share)
    """Which of several generators this plan is for."""
    on_progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if self.total is None and self.duration_s is None:
            raise ValueError("a load run needs an end: give a total, a duration, or both")
        if self.total is not None and self.total < 1:
            raise ValueError(f"total must be at least 1, not {self.total}")
        if self.duration_s is not None and not self.duration_s > 0:
            raise ValueError(f"duration must be above 0 s, not {self.duration_s:g}")
        if self.workers < 1 or self.warm_up_s < 0:
            raise ValueError("a load run needs a worker at least, and no negative warm-up")
        if self.rps < 0 or not self.timeout_s > 0:
            raise ValueError("rps must not be negative, and the timeout must be above 0 s")
        if not 1 <= self.connections <= self.concurrency:
            raise ValueError(
                f"number of connections ({self.connections}) must be at least 1 and not greater than "
                f"concurrency ({self.concurrency})"
            )

        if self.workers > self.connections:
            raise ValueError(
                f"number of workers ({self.workers}) must not be greater than the number of connections "
                f"({self.connections}): each worker has connections of its own"
            )
        if self.total is not None and self.workers > self.total:
            raise ValueError(f"number of workers ({self.workers}) must not be greater than the total ({self.total})")

    def most_at_first(self) -> int:
        """Most calls in flight at the start, of this generator."""
        return self.concurrency if self.callers is None else self.share.part(self.callers.start)

    def addresses(self) -> tuple[Address, ...]:
        """One address for each connection."""
        targets = self.targets or ((self.address or self.host, self.port),)
        return tuple(targets[n % len(targets)] for n in range(self.connections))

    def open_schedule(self) -> Arrivals | None:
        """The schedule of an open loop, this generator's share of it; None for a closed one."""
        whole = self.schedule or (Schedule.constant(self.rps) if self.rps > 0 else None)
        return SharedArrivals(whole, self.share) if whole is not None and self.share.of > 1 else whole

    def for_warm_up(self) -> "LoadPlan":
        """The same load for the time of the warm-up."""
        return replace(
            self, duration_s=self.warm_up_s, total=None, warm_up_s=0, skip_first=0, details_at_most=0, on_progress=None
        )
