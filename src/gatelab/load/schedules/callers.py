"""How many calls may be in flight, as a function of time: ghz's concurrency schedules."""

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """`start` callers, `step` more every `step_s` seconds.

    It ends at `end` callers; with `max_s` after that time, at `end` if one is given. ghz's line is a step a second.
    There is always one caller at least.

    Raises:
        ValueError: the parameters describe no such schedule.
    """

    start: int
    step: int
    step_s: float = 1.0
    end: int = 0
    max_s: float = 0

    def __post_init__(self) -> None:
        if self.start < 1:
            raise ValueError(f"concurrency start must be at least 1, not {self.start}")
        if self.start == self.end:
            raise ValueError("concurrency start cannot equal concurrency end")
        if self.step == 0:
            raise ValueError("invalid concurrency step: it must not be 0")
        if not self.step_s > 0:
            raise ValueError("invalid concurrency step duration: it must be above 0")
        if self.end and (self.end > self.start) != (self.step > 0):
            raise ValueError(f"a concurrency step of {self.step} does not lead from {self.start} to {self.end}")

    @property
    def most(self) -> int:
        """Most callers there will be at once; `start` while there is no bound."""
        return max(self.start, self.end)

    def changes(self) -> Iterator[tuple[float, int]]:
        """(seconds from the start, callers from then on), in order, the first at 0; without an end if it has none."""
        callers = self.start
        yield 0.0, callers
        for number in range(1, 1 << 62):
            at_s = number * self.step_s
            if self.max_s and at_s >= self.max_s:
                if self.end and self.end != callers:
                    yield at_s, self.end
                return
            callers = self._bounded(callers + self.step)
            yield at_s, callers
            if callers == (self.end or (1 if self.step < 0 else math.inf)):
                return

    def _bounded(self, callers: int) -> int:
        if self.step > 0:
            return min(callers, self.end) if self.end else callers
        return max(callers, self.end, 1)
