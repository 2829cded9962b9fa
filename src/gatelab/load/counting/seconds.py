"""Counting by the second while a run goes on."""

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
        """Adds what has been counted elsewhere, or later, in the same second."""
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
    """What a generator has counted and not handed on yet."""

    def __init__(self) -> None:
        self._open: dict[int, Tallied] = {}

    def at(self, number: int) -> Tallied:
        """The counts of a second, to be added to until they are taken."""
        if number not in self._open:
            self._open[number] = Tallied(number)
        return self._open[number]

    def take(self, before: int | None = None) -> list[Tallied]:
        """The seconds below `before`, or all, to be merged with those of the same number taken before."""
        numbers = sorted(each for each in self._open if before is None or each < before)
        return [self._open.pop(each) for each in numbers]


class Series:
    """The seconds of a run, put together from those of its generators.

    What was read from a socket before the turn of a second may be counted, and come, after it. So the two last seconds
    that are settled stay open; of older ones only the summary is kept.
    """

    def __init__(self) -> None:
        self.response = Histogram()
        """Response times of all that has been added."""
        self._open: dict[int, Tallied] = {}
        self._closed: dict[int, Second] = {}
        self._oldest = 0

    def add(self, tallied: Tallied) -> None:
        """Counts of a second, or more of them. Those of a closed second go to the oldest open one."""
        self.response.merge(tallied.response)
        number = max(tallied.second, self._oldest)
        self._open.setdefault(number, Tallied(number)).merge(tallied)

    def settle(self, number: int) -> None:
        """Every generator has handed on all that it had of the seconds below `number`."""
        self._oldest = max(self._oldest, number - 2)
        for each in sorted(self._open):
            if each < self._oldest:
                self._closed[each] = self._open.pop(each).summary()

    def look(self, number: int) -> Second:
        """The summary of a second; of one that is open, as far as it has come."""
        if number in self._open:
            return self._open[number].summary()
        return self._closed.get(number) or Tallied(number).summary()

    def all(self, length: int) -> tuple[Second, ...]:
        """Every second, at least `length` of them, those without a call included."""
        known = max((*self._open, *self._closed), default=-1) + 1
        return tuple(self.look(number) for number in range(max(length, known)))
