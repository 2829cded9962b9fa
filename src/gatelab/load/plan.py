"""What a load run is asked to do, and what it found."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gatelab.load.callers import Callers
from gatelab.load.histogram import Histogram
from gatelab.load.requests import RequestSource
from gatelab.load.schedule import Arrivals, Schedule
from gatelab.load.series import Second
from gatelab.load.streams import StreamPlan

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
    source: RequestSource | None = None
    """Makes a request for each call, instead of `message`."""
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
    tls: ssl.SSLContext | None = None
    authority: str = ""
    """`:authority`; host:port if empty."""
    server_name: str | None = None
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
    on_progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if self.total is None and self.duration_s is None:
            raise ValueError("a load run needs an end: give a total, a duration, or both")
        if self.total is not None and self.total < 1:
            raise ValueError(f"total must be at least 1, not {self.total}")
        if self.duration_s is not None and not self.duration_s > 0:
            raise ValueError(f"duration must be above 0 s, not {self.duration_s:g}")
        if self.rps < 0 or not self.timeout_s > 0:
            raise ValueError("rps must not be negative, and the timeout must be above 0 s")
        if not 1 <= self.connections <= self.concurrency:
            raise ValueError(
                f"number of connections ({self.connections}) must be at least 1 and not greater than "
                f"concurrency ({self.concurrency})"
            )

    def addresses(self) -> tuple[Address, ...]:
        """One address for each connection."""
        targets = self.targets or ((self.address or self.host, self.port),)
        return tuple(targets[n % len(targets)] for n in range(self.connections))

    def open_schedule(self) -> Arrivals | None:
        """The schedule of an open loop; None for a closed one."""
        if self.schedule is not None:
            return self.schedule
        return Schedule.constant(self.rps) if self.rps > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResult:
    """What went over one of the plan's connections, its reconnections included."""

    target: Address
    count: int
    pods: Mapping[str, int]
    reconnects: int


class CallDetail(NamedTuple):
    """One call. `ended_ns` is Unix time."""

    ended_ns: int
    latency_ns: int
    status: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a run found. `service` and `response` hold the successful calls.

    Service time runs from the moment the call was sent; response time from the moment it was meant to start, so it
    contains what a stalled server did to the calls that had to wait (coordinated omission). In a closed loop they are
    the same.
    """

    count: int
    """Calls that ended, errors included."""
    errors: int
    statuses: Mapping[str, int]
    """By display name: OK, Unavailable, DeadlineExceeded, ..."""
    error_messages: Mapping[str, int]
    """At most 100 distinct texts, then `(other errors)`."""
    pods: Mapping[str, int]
    connections: tuple[ConnectionResult, ...]
    service: Histogram
    response: Histogram
    started: float
    """Unix time of the first intended call."""
    elapsed_s: float
    intended_rps: float
    """0 in a closed loop."""
    end_reason: str = "normal"
    """`normal`, `cancel`, or `timeout` when calls were still out `drain_s` after the end."""
    unsent: int = 0
    """Calls that were due before the end and never started, because `concurrency` calls were out."""
    waited: int = 0
    """Calls that started late because `concurrency` calls were out, or no connection was up."""
    retried: int = 0
    """Calls sent again because the server had promised not to have processed them (GOAWAY, REFUSED_STREAM)."""
    lateness: Histogram = field(default_factory=Histogram)
    """How late the generator itself sent calls that had nothing to wait for."""
    saturated: str = ""
    """Empty, or a sentence that says why the figures describe the generator or its limits more than the target."""

    details: tuple[CallDetail, ...] = ()
    """In the order in which they ended, as many as the plan asked for."""
    series: tuple[Second, ...] = ()
    """Every second of the run, those without a call included."""

    @property
    def rps(self) -> float:
        """Calls a second, as they ended."""
        return self.count / self.elapsed_s if self.elapsed_s > 0 else 0.0
