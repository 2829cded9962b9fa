"""The generator of this process: connections, and the engine on them through the phases of a run."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

from gatelab.grpc_wire.status import StatusCode
from gatelab.load.callers import Callers
from gatelab.load.engine import Engine
from gatelab.load.links import Links
from gatelab.load.own_use import Meter
from gatelab.load.part import Connection, Part
from gatelab.load.plan import LoadPlan
from gatelab.load.seconds import SECOND_NS
from gatelab.load.verdict import LATE_NS

_NOT_BEFORE_S: Final = 0.005
"""The alarm takes the last milliseconds to the beginning."""


class Phase(Protocol):
    """What carries out a plan on connections that are kept from one phase to the next."""

    async def phase(self, plan: LoadPlan, begin_ns: int, stop: asyncio.Event, tell: Callable[[Part], None]) -> Part:
        """From `begin_ns` of the monotonic clock to the end of the plan, or until `stop`.

        `tell` has a part of each second when it is over; the last part, with the end, is returned.
        """

    async def close(self) -> None: ...


class Native:
    """HTTP/2 by `grpc_wire`."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._first = 0

    @classmethod
    async def opened(cls, plan: LoadPlan) -> Self:
        """With every connection of the plan. Raises ConnectError of the first that failed."""
        return cls(await Links.opened(plan))

    async def phase(self, plan: LoadPlan, begin_ns: int, stop: asyncio.Event, tell: Callable[[Part], None]) -> Part:
        """As `Phase` has it."""
        self._links.restart()
        engine = Engine(plan, self._links, asyncio.get_running_loop(), begin_ns=begin_ns, first=self._first)
        try:
            await asyncio.sleep((begin_ns - time.monotonic_ns()) / 1e9 - _NOT_BEFORE_S)
            report = _Report(plan, engine, self._links)
            end = await self._driven(plan, engine, stop, lambda: report.each_second(tell))
            return report.last(end)
        finally:
            self._first += engine.agenda.started
            engine.close()

    async def close(self) -> None:
        await self._links.close()

    async def _driven(self, plan: LoadPlan, engine: Engine, stop: asyncio.Event, tick: Callable[[], None]) -> str:
        """Runs the engine to its end, and says how it ended."""
        links = self._links
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(links.keep(link, engine.connected, engine.unreachable)) for link in links.links]
            tasks.append(group.create_task(_tick(plan, engine, tick)))
            if plan.callers is not None:
                tasks.append(group.create_task(_resize(plan.callers, plan, engine)))
            halted = group.create_task(_wait_for(stop))
            if not stop.is_set():
                engine.begin()
                await asyncio.wait([engine.finished, halted], return_when=asyncio.FIRST_COMPLETED)
            cancelled = not engine.finished.done()
            for task in (*tasks, halted):
                task.cancel()
        if cancelled:
            engine.stop()
            # The server has seen them: they count, as they do in ghz.
            engine.abandon_all(StatusCode.CANCELLED, "the run was interrupted before the answer")
            return "cancel"
        return "timeout" if engine.overrun else "normal"


class _Report:
    """The parts that an engine's counts are told in."""

    def __init__(self, plan: LoadPlan, engine: Engine, links: Links) -> None:
        self._plan = plan
        self._engine = engine
        self._links = links
        self._told = 0
        self._meter = Meter()

    def each_second(self, tell: Callable[[Part], None]) -> None:
        now_ns = time.monotonic_ns()
        number = (now_ns - self._engine.agenda.begin_ns) // SECOND_NS
        if number > self._told:
            self._told = number
            tell(self._part(now_ns, number))

    def last(self, end: str) -> Part:
        now_ns = time.monotonic_ns()
        part = self._part(now_ns, None)
        part.end = end
        part.details = self._engine.tally.details
        part.remarks = list(self._links.remarks())
        return part

    def _part(self, now_ns: int, before: int | None) -> Part:
        engine, tally, agenda = self._engine, self._engine.tally, self._engine.agenda
        return Part(
            begin_ns=agenda.begin_ns,
            last_ns=engine.last_ns,
            ended_ns=now_ns,
            settled=before if before is not None else self._told,
            errors=tally.errors,
            timed_errors=tally.timed_errors,
            failures=tally.failures,
            messages=tally.messages,
            service=tally.service,
            seconds=tally.take(before),
            connections=self._connections(),
            lateness=agenda.lateness,
            late=agenda.lateness.count_above(LATE_NS),
            started=agenda.started,
            waited=agenda.waited,
            due=engine.due(),
            unsent=engine.unsent() if before is None else 0,
            retried=engine.retried,
            in_flight=len(engine.in_flight),
            waiting=engine.waiting,
            use=self._meter.use(),
        )

    def _connections(self) -> list[Connection]:
        share = self._plan.share
        return [
            Connection(share.number(link.number), link.target, link.count, link.pods_by_name(), link.reconnects)
            for link in self._links.links
        ]


async def _wait_for(stop: asyncio.Event) -> None:
    await stop.wait()


async def _resize(callers: Callers, plan: LoadPlan, engine: Engine) -> None:
    """Changes the concurrency when its time has come."""
    for at_s, number in callers.changes():
        delay_s = at_s - (time.monotonic_ns() - engine.agenda.begin_ns) / 1e9
        if at_s and delay_s > 0:
            await asyncio.sleep(delay_s)
        engine.resize(plan.share.part(number))


async def _tick(plan: LoadPlan, engine: Engine, tick: Callable[[], None]) -> None:
    """Deadlines of calls, the deadline of the run, and what is told of each second."""
    grain_s = min(0.1, max(0.005, plan.timeout_s / 4))
    end_ns = engine.agenda.end_ns
    while True:
        left_s = (end_ns - time.monotonic_ns()) / 1e9
        await asyncio.sleep(min(grain_s, left_s) if left_s > 0 else grain_s)
        now_ns = time.monotonic_ns()
        engine.expire(now_ns)
        if now_ns >= end_ns + int(plan.drain_s * 1e9) and engine.in_flight:
            engine.overrun = True
            engine.stop()
            engine.abandon_all(StatusCode.CANCELLED, f"no answer within {plan.drain_s:g} s after the end of the run")
            engine.expire(now_ns)
        tick()


async def opened(plan: LoadPlan) -> Phase:
    """The generator that the plan asks for, with every connection. Raises ConnectError of the first that failed."""
    return await Native.opened(plan)
