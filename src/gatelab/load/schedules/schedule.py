"""When each call of an open loop is meant to start, as a pure function of its number.

Intended times are computed from the beginning, never from the previous call: a late call makes no later one late. The
three shapes and their parameters are ghz's (`--load-schedule const|step|line`).
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Protocol, Self

_SEGMENTS_AT_MOST = 100_000


class Arrivals(Protocol):
    """Intended start times; they never go back."""

    def at_ns(self, number: int) -> int | None:
        """Nanoseconds from the start at which call `number` (from 0) is due; None when there is none any more."""


def calls_before(arrivals: Arrivals, offset_ns: int) -> int:
    """How many calls are due before that time; times never go back, so it is searched by halves."""
    low, high = 0, 1
    while (at_ns := arrivals.at_ns(high)) is not None and at_ns < offset_ns:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        at_ns = arrivals.at_ns(middle)
        if at_ns is not None and at_ns < offset_ns:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch in which the rate is `rate` + `slope` x (seconds since its start). `calls_before` may be fractional."""

    start_s: float
    calls_before: float
    rate: float
    slope: float = 0.0
    duration_s: float = math.inf

    @property
    def is_pause(self) -> bool:
        return self.rate <= 0 and self.slope <= 0

    def calls(self) -> float:
        if math.isinf(self.duration_s):
            return math.inf if self.rate > 0 else 0.0
        return self.rate * self.duration_s + self.slope * self.duration_s**2 / 2

    def seconds_until(self, calls: float) -> float:
        """Seconds since the segment's start at which `calls` of its calls have been due."""
        if self.slope == 0:
            return calls / self.rate
        root = math.sqrt(max(0.0, self.rate**2 + 2 * self.slope * calls))
        # The form that does not subtract nearly equal numbers.
        return 2 * calls / (self.rate + root)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intended start times. `constant`, `step` and `line` make them."""

    segments: tuple[_Segment, ...]
    _firsts: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_firsts", tuple(s.calls_before for s in self.segments))

    def at_ns(self, number: int) -> int | None:
        """Nanoseconds from the start at which call `number` (from 0) is due; None when the schedule has run dry."""
        index = bisect_right(self._firsts, number) - 1
        while self.segments[index].is_pause and index + 1 < len(self.segments):
            index += 1  # the sums of fractions before and after a pause may differ in their last digit
        segment = self.segments[index]
        calls = max(0.0, number - segment.calls_before)
        if segment.is_pause:
            return None
        if segment.slope == 0 and segment.start_s == 0:
            return round(number * 1_000_000_000 / segment.rate)
        return round((segment.start_s + segment.seconds_until(calls)) * 1e9)

    def rate_at(self, elapsed_s: float) -> float:
        """The intended rate, in calls a second, at a moment of the run."""
        segment = next(s for s in reversed(self.segments) if s.start_s <= elapsed_s)
        return max(0.0, segment.rate + segment.slope * (elapsed_s - segment.start_s))

    @classmethod
    def constant(cls, rps: float) -> Self:
        """`rps` calls a second, the first at once.

        Raises:
            ValueError: the rate is not above 0.
        """
        if not rps > 0 or math.isinf(rps):
            raise ValueError(f"rate must be above 0 calls a second, not {rps:g}")
        return cls((_Segment(0.0, 0.0, rps),))

    @classmethod
    def step(cls, *, start: float, step: float, step_s: float, end: float = 0, max_s: float = 0) -> Self:
        """`start` calls a second, `step` more every `step_s` seconds, until `end` or `max_s` is reached; then steady.

        Raises:
            ValueError: the parameters describe no such schedule.
        """
        _check(start, step, end, max_s)
        if not step_s > 0:
            raise ValueError(f"step duration must be above 0, not {step_s:g} s")
        segments: list[_Segment] = []
        rate, at_s, calls = start, 0.0, 0.0
        while not _reached(rate, step, end) and not (max_s and at_s >= max_s) and rate > 0:
            if len(segments) >= _SEGMENTS_AT_MOST:
                raise ValueError(f"more than {_SEGMENTS_AT_MOST} steps: give a larger step, or a step duration")
            segments.append(_Segment(at_s, calls, rate, duration_s=step_s))
            calls += segments[-1].calls()
            at_s += step_s
            rate += step
        last = end if end and _reached(rate, step, end) else max(0.0, rate)
        return cls((*segments, _Segment(at_s, calls, last)))

    @classmethod
    def line(cls, *, start: float, slope: float, end: float = 0, max_s: float = 0) -> Self:
        """From `start` calls a second, `slope` more with every second, until `end` or `max_s` is reached; then steady.

        Raises:
            ValueError: the parameters describe no such schedule.
        """
        _check(start, slope, end, max_s)
        until_end = (end - start) / slope if end else math.inf
        # A falling line without an end ends at nothing.
        until_zero = -start / slope if slope < 0 else math.inf
        ramp_s = min(until_end, until_zero, max_s or math.inf)
        ramp = _Segment(0.0, 0.0, start, slope, ramp_s)
        if math.isinf(ramp_s):
            return cls((ramp,))
        return cls((ramp, _Segment(ramp_s, ramp.calls(), max(0.0, start + slope * ramp_s))))

    @classmethod
    def bursts(cls, *, rps: float, burst_s: float, every_s: float, bursts: int, first_s: float = 0) -> Self:
        """`bursts` times `burst_s` seconds at `rps` calls a second, begun every `every_s` seconds; in between, nothing.

        Several runs with shifted `first_s` take turns, each on connections that it keeps.

        Raises:
            ValueError: the parameters describe no such schedule.
        """
        if not rps > 0 or not burst_s > 0 or bursts < 1 or first_s < 0 or every_s < burst_s:
            raise ValueError(
                f"{bursts} bursts of {burst_s:g} s every {every_s:g} s at {rps:g} calls a second: no schedule"
            )
        if bursts > _SEGMENTS_AT_MOST:
            raise ValueError(f"more than {_SEGMENTS_AT_MOST} bursts: make them longer")
        segments = [_Segment(0.0, 0.0, 0.0, duration_s=first_s)] if first_s else []
        for number in range(bursts):
            begin_s = first_s + number * every_s
            calls = number * rps * burst_s
            segments.append(_Segment(begin_s, calls, rps, duration_s=burst_s))
            segments.append(_Segment(begin_s + burst_s, calls + rps * burst_s, 0.0))
        return cls(tuple(segments))


def _reached(rate: float, step: float, end: float) -> bool:
    return bool(end) and (rate >= end if step > 0 else rate <= end)


def _check(start: float, step: float, end: float, max_s: float) -> None:
    if not start > 0:
        raise ValueError(f"load start must be above 0 calls a second, not {start:g}")
    if step == 0:
        raise ValueError("load step must not be 0: use a constant schedule")
    if end < 0 or max_s < 0:
        raise ValueError("load end and max duration must not be negative")
    if end and (end - start) * step <= 0:
        raise ValueError(f"a load step of {step:g} does not lead from {start:g} to {end:g}")
    if step > 0 and not end and not max_s:
        raise ValueError("a growing load needs an end or a max duration (--load-end, --load-max-duration)")
