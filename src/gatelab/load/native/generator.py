"""The generator of this process by `grpc_wire`: connections, and the engine on them through the phases of a run."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Self

from gatelab.grpc_wire.status import StatusCode
from gatelab.load.counting.part import Connection, Part
from gatelab.load.native.engine import Engine
from gatelab.load.native.links import Links
from gatelab.load.phases import Report, Tell
from gatelab.load.plan import LoadPlan
from gatelab.load.schedules.callers import Callers

_NOT_BEFORE_S: Final = 0.005
"""The alarm takes the last milliseconds to the beginning."""


class Native:
    """A `Generator`."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._first = 0

    @classmethod
    async def opened(cls, plan: LoadPlan) -> Self:
        """With every connection of the plan. Raises ConnectError of the first that failed."""
        return cls(await Links.opened(plan))

    async def phase(self, plan: LoadPlan, begin_ns: int, stop: asyncio.Event, tell: Tell) -> Part:
        """As `Generator` has it."""
        self._links.restart()
        engine = Engine(plan, self._links, asyncio.get_running_loop(), begin_ns=begin_ns, first=self._first)
        try:
            await asyncio.sleep((begin_ns - time.monotonic_ns()) / 1e9 - _NOT_BEFORE_S)
            report = Report(engine, lambda: self._connections(plan))
            end = await self._driven(plan, engine, stop, lambda: report.each_second(tell))
            return report.last(end, self._links.remarks())
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
            halted: asyncio.Future[Any] = group.create_task(stop.wait())
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

    def _connections(self, plan: LoadPlan) -> list[Connection]:
        return [
            Connection(plan.share.number(link.number), link.target, link.count, link.pods_by_name(), link.reconnects)
            for link in self._links.links
        ]


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
