"""Counting by the second while a run goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gatelab.load.histogram import Histogram
from gatelab.load.series import Second

SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class Tallied:
    """One second: `response` holds the times of its successful calls, and of `timed_errors` of its `errors`."""

    second: int
    errors: int = 0
    timed_errors: int = 0
    response: Histogram = field(default_factory=Histogram)

    @property
    def ok(self) -> int:
        return self.response.count - self.timed_errors

    def merge(self, other: "Tallied") -> None:
        """Adds what another generator has counted in the same second."""
        self.errors += other.errors
        self.timed_errors += other.timed_errors
        self.response.merge(other.response)

    def summary(self) -> Second:
        p50_ns, p99_ns = self.response.percentiles((50, 99))
        return Second(
            second=self.second,
            ok=self.ok,
            errors=self.errors,
            p50_ns=p50_ns,
            p99_ns=p99_ns,
            max_ns=self.response.max_ns,
        )


class Seconds:
    """All seconds of a run. Two are open at a time; an older one is closed: only its summary is kept.

    What was read from a socket before the turn of a second may be counted after it, hence two.
    """

    def __init__(self, on_closed: Callable[[Tallied], None] | None = None) -> None:
        self._open: dict[int, Tallied] = {}
        self._closed: dict[int, Second] = {}
        self._response = Histogram()
        self._newest = 0
        self._on_closed = on_closed

    def at(self, number: int) -> Tallied:
        """The counts of a second, to be added to; the oldest open one for a second that is closed."""
        self._newest = max(self._newest, number)
        for old in [each for each in self._open if each < self._newest - 1]:
            self._close(old)
        number = max(number, self._newest - 1)
        if number not in self._open:
            self._open[number] = Tallied(number)
        return self._open[number]

    def look(self, number: int) -> Second:
        """The summary of a second; of one that is open, as far as it has come."""
        if number in self._open:
            return self._open[number].summary()
        return self._closed.get(number) or Tallied(number).summary()

    def all_responses(self) -> Histogram:
        """Response times of the run so far."""
        found = Histogram()
        found.merge(self._response)
        for tallied in self._open.values():
            found.merge(tallied.response)
        return found

    def series(self, length: int) -> tuple[Second, ...]:
        """Every second, at least `length` of them, those without a call included. Closes all."""
        for number in sorted(self._open):
            self._close(number)
        length = max(length, max(self._closed, default=-1) + 1)
        return tuple(self.look(number) for number in range(length))

    def _close(self, number: int) -> None:
        tallied = self._open.pop(number)
        self._response.merge(tallied.response)
        self._closed[number] = tallied.summary()
        if self._on_closed is not None:
            self._on_closed(tallied)
