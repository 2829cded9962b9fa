"""What is due: which call comes next, and when it is meant to start."""

from typing import Final

from gatelab.load.histogram import Histogram
from gatelab.load.plan import LoadPlan
from gatelab.load.schedules.schedule import calls_before

_LATE_NS: Final = 100_000_000


class Agenda:
    """Calls are numbered, and started in the order of their numbers.

    Those that are due and not started need no queue: they are the numbers from `started` on whose time has come.
    """

    def __init__(self, plan: LoadPlan, begin_ns: int) -> None:
        self.schedule = plan.open_schedule()
        self.begin_ns = begin_ns
        duration_s = plan.duration_s
        self.end_ns = begin_ns + int((duration_s if duration_s is not None else 1e9) * 1e9)
        """The end of the plan, if it has one in time; calls in flight may end later."""
        self.started = 0
        self.waited = 0
        self.lateness = Histogram()
        self.blocked = False
        """What is due had to wait for a slot or a connection."""
        self._total = plan.total

    def next_ns(self, now_ns: int) -> int | None:
        """When the next new call is meant to start; None when there is none.

        What had to wait for a slot or a connection until the end of the plan is not started any more; what the
        generator itself is late with by less than `_LATE_NS` is.
        """
        if self._total is not None and self.started >= self._total:
            return None
        if self.schedule is None:
            if now_ns < self.begin_ns:
                return self.begin_ns
            return now_ns if now_ns < self.end_ns else None
        offset_ns = self.schedule.at_ns(self.started)
        if offset_ns is None or self.begin_ns + offset_ns >= self.end_ns:
            return None
        if now_ns >= self.end_ns and (self.blocked or now_ns >= self.end_ns + _LATE_NS):
            return None
        return self.begin_ns + offset_ns

    def start(self, due_ns: int, now_ns: int) -> int:
        """Takes the next call, and says what number it has."""
        number = self.started
        self.started = number + 1
        if self.schedule is not None:
            if self.blocked:
                self.waited += 1
            else:
                self.lateness.record(now_ns - due_ns)
        return number

    def due(self, last_ns: int) -> int:
        """How many should have been started by the end, or until the last one ended; 0 in a closed loop."""
        return self.due_before(min(self.end_ns, last_ns))

    def unsent(self, last_ns: int) -> int:
        """Calls that were due before the end of the plan and never started; 0 in a closed loop."""
        return max(0, self.due(last_ns) - self.started)

    def due_before(self, moment_ns: int) -> int:
        """How many calls an open loop should have started by then; 0 for a closed one."""
        if self.schedule is None or moment_ns <= self.begin_ns:
            return 0
        count = calls_before(self.schedule, moment_ns - self.begin_ns)
        return count if self._total is None else min(count, self._total)
