"""What every engine has in common: phases, and the parts in which their counts are told."""

import asyncio
import time
from collections.abc import Callable, Sequence, Sized
from typing import Protocol

from gatelab.load.agenda import Agenda
from gatelab.load.counting.own_use import Meter
from gatelab.load.counting.part import Connection, Part
from gatelab.load.counting.seconds import SECOND_NS
from gatelab.load.counting.tally import Tally
from gatelab.load.plan import LoadPlan
from gatelab.load.verdict import LATE_NS

Tell = Callable[[Part], None]


class Generator(Protocol):
    """What carries out a plan on connections that are kept from one phase to the next."""

    async def phase(self, plan: LoadPlan, begin_ns: int, stop: asyncio.Event, tell: Tell) -> Part:
        """From `begin_ns` of the monotonic clock to the end of the plan, or until `stop`.

        `tell` has a part of each second when it is over; the last part, with the end, is returned.
        """

    async def close(self) -> None: ...


class Counting(Protocol):
    """An engine in the middle of a phase."""

    @property
    def tally(self) -> Tally: ...
    @property
    def agenda(self) -> Agenda: ...
    @property
    def last_ns(self) -> int:
        """When the last call ended."""

    @property
    def retried(self) -> int: ...
    @property
    def in_flight(self) -> Sized: ...
    @property
    def waiting(self) -> int:
        """Calls that are due and have not started."""


class Report:
    """The parts that the counts of an engine are told in. It begins to measure the use of the core when it is made."""

    def __init__(self, counting: Counting, connections: Callable[[], list[Connection]]) -> None:
        self._counting = counting
        self._connections = connections
        self._told = 0
        self._meter = Meter()

    def each_second(self, tell: Tell) -> None:
        """Tells a part, if another second is over."""
        now_ns = time.monotonic_ns()
        number = (now_ns - self._counting.agenda.begin_ns) // SECOND_NS
        if number > self._told:
            self._told = number
            tell(self._part(now_ns, number))

    def last(self, end: str, remarks: Sequence[str] = ()) -> Part:
        """The part that has everything. What was not sent counts to the end of the plan, or to the interruption."""
        part = self._part(time.monotonic_ns(), None)
        part.end = end
        part.unsent = self._counting.agenda.unsent(self._counting.last_ns if end == "cancel" else part.ended_ns)
        part.details = self._counting.tally.details
        part.remarks = list(remarks)
        return part

    def _part(self, now_ns: int, before: int | None) -> Part:
        counting, tally, agenda = self._counting, self._counting.tally, self._counting.agenda
        return Part(
            begin_ns=agenda.begin_ns,
            last_ns=counting.last_ns,
            ended_ns=now_ns,
            settled=self._told,
            oks=tally.oks,
            errors=tally.errors,
            timed_errors=tally.timed_errors,
            failures=tally.failures,
            messages=tally.messages,
            service=None if tally.one_time else tally.service,
            seconds=tally.take(before),
            connections=self._connections(),
            lateness=agenda.lateness,
            late=agenda.lateness.count_above(LATE_NS),
            started=agenda.started,
            waited=agenda.waited,
            due=agenda.due(counting.last_ns),
            unsent=0,
            retried=counting.retried,
            in_flight=len(counting.in_flight),
            waiting=counting.waiting,
            use=self._meter.use(),
        )
