"""What one generator has to tell of its part of a run, in the middle of it and at its end."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from gatelab.load.counting.seconds import Tallied
from gatelab.load.counting.tally import Detail, add_message
from gatelab.load.histogram import Histogram


class Connection(msgspec.Struct, array_like=True, frozen=True):
    """What went over connection `number` of the plan."""

    number: int
    target: tuple[str, int]
    count: int
    pods: dict[str, int]
    reconnects: int


class Use(msgspec.Struct, array_like=True, frozen=True):
    """Of this generator's time, in ns: on a core, ready but without one, in all."""

    cpu_ns: int = 0
    starved_ns: int = 0
    wall_ns: int = 0


class Part(msgspec.Struct, kw_only=True):
    """Counts from the beginning to now, but for `seconds`: those are what has come since the last part.

    Moments are of the monotonic clock, which all processes of a machine share.
    """

    begin_ns: int
    last_ns: int
    """When the last call ended."""
    ended_ns: int
    """When the run ended here; in the middle of it, now."""
    settled: int
    """The seconds below it are complete."""
    oks: int
    errors: int
    timed_errors: int
    failures: dict[int, int]
    messages: dict[str, int]
    service: Histogram | None
    """None: service times are the response times."""
    seconds: list[Tallied]
    connections: list[Connection]
    lateness: Histogram
    late: int
    started: int
    waited: int
    due: int
    unsent: int
    retried: int
    in_flight: int
    waiting: int
    use: Use
    end: str = ""
    """`normal`, `timeout` or `cancel`; empty in the middle."""
    details: list[Detail] = msgspec.field(default_factory=list)
    remarks: list[str] = msgspec.field(default_factory=list)

    @property
    def count(self) -> int:
        """Calls that ended."""
        return self.oks + self.errors


def pods_of(parts: Iterable[Part]) -> dict[str, int]:
    """Calls by pod, over all connections."""
    return _added(connection.pods for part in parts for connection in part.connections)


def failures_of(parts: Iterable[Part]) -> dict[int, int]:
    """Failed calls by status."""
    return _added(part.failures for part in parts)


def messages_of(parts: Iterable[Part]) -> dict[str, int]:
    """Error texts, the most frequent first; bounded as those of one generator are."""
    found: dict[str, int] = {}
    for part in parts:
        for text, count in part.messages.items():
            add_message(found, text, count)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """All in one."""
    found = Histogram()
    for histogram in histograms:
        found.merge(histogram)
    return found


_Key = TypeVar("_Key", str, int)


def _added(counts: Iterable[dict[_Key, int]]) -> dict[_Key, int]:
    found: dict[_Key, int] = {}
    for each in counts:
        for key, count in each.items():
            found[key] = found.get(key, 0) + count
    return dict(sorted(found.items()))


def plain(value: Any) -> Any:
    """msgspec's `enc_hook` for parts."""
    if isinstance(value, Histogram):
        return value.to_data()
    raise NotImplementedError(f"{type(value)} is no data")


def made(kind: type, value: Any) -> Any:
    """Its `dec_hook`."""
    if kind is Histogram:
        return Histogram.from_data(value)
    raise NotImplementedError(f"{kind} is no data")
