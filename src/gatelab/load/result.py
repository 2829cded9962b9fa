"""What a load run found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gatelab.load.histogram import Histogram
from gatelab.load.plan import Address
from gatelab.load.series import Second


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResult:
    """What went over one of the plan's connections, its reconnections included."""

    target: Address
    count: int
    pods: Mapping[str, int]
    reconnects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What the warm-up came to; nothing of it is in the figures of the run."""

    count: int
    errors: int
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorResult:
    """One process that made the load, and what it measured of itself."""

    cpu: float
    """Of a core, over the whole run: 1.0 is all of one."""
    starved: float
    """The share of the run in which it was ready to work and had no core."""
    late: int
    """Calls that it sent more than a millisecond after their moment though nothing held them up; an open loop's."""
    lateness: Histogram


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
    incomplete: str = ""
    """Empty, or a sentence that says which worker was lost, and what is missing therefore."""
    generators: tuple[GeneratorResult, ...] = ()
    """One for each worker."""
    warm_up: WarmUp | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on how the run was made without which its figures mislead."""

    details: tuple[CallDetail, ...] = ()
    """In the order in which they ended, as many as the plan asked for."""
    series: tuple[Second, ...] = ()
    """Every second of the run, those without a call included."""

    @property
    def rps(self) -> float:
        """Calls a second, as they ended."""
        return self.count / self.elapsed_s if self.elapsed_s > 0 else 0.0
