"""The same load by grpcio: a second opinion, and a way round when the engine of our own is in doubt.

What it cannot measure it says: a call's time ends when this process has come to look at the answer, and retries and
reconnections of the library are not seen. It costs several times the CPU of the native engine.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.status import StatusCode
from gatelab.load.agenda import Agenda
from gatelab.load.counting.part import Connection, Part
from gatelab.load.counting.tally import Tally
from gatelab.load.grpcio.calls import Lane, checked, lane_to
from gatelab.load.phases import Report, Tell
from gatelab.load.plan import LoadPlan
from gatelab.load.recipe import source_of
from gatelab.load.requests import Request, RequestError
from gatelab.load.together import opened_together

_GRAIN_S: Final = 0.1
REMARK: Final = (
    "made by grpcio: times contain what Python and the library take to see an answer (0.3 ms and more), and their "
    "retries and reconnections are not counted"
)


class Grpcio:
    """A `Generator`."""

    def __init__(self, lanes: list[Lane]) -> None:
        self._lanes = lanes
        self._first = 0

    @classmethod
    async def opened(cls, plan: LoadPlan) -> Self:
        """With a channel for every connection of the plan. Raises ConnectError of the first that failed."""
        if plan.alpn != "strict":
            raise ConnectError("grpcio connects to no server that does not choose h2: --alpn lenient needs native")
        lanes = (lane_to(plan, number, target) for number, target in enumerate(plan.addresses()))
        return cls(await opened_together(lanes, _closed))

    async def phase(self, plan: LoadPlan, begin_ns: int, stop: asyncio.Event, tell: Tell) -> Part:
        """As `Generator` has it."""
        for lane in self._lanes:
            lane.count, lane.pods = 0, {}
        engine = _Engine(plan, self._lanes, begin_ns, self._first)
        await asyncio.sleep((begin_ns - time.monotonic_ns()) / 1e9)
        report = Report(engine, lambda: self._connections(plan))
        end = await engine.run(stop, report, tell)
        self._first += engine.agenda.started
        return report.last(end, [REMARK])

    async def close(self) -> None:
        await _closed(self._lanes)

    def _connections(self, plan: LoadPlan) -> list[Connection]:
        return [
            Connection(plan.share.number(lane.number), lane.target, lane.count, dict(sorted(lane.pods.items())), 0)
            for lane in self._lanes
        ]


async def _closed(lanes: Sequence[Lane]) -> None:
    await asyncio.gather(*(lane.channel.close() for lane in lanes))


class _Engine:
    """Starts a task for each call, when it is due and there is a slot."""

    def __init__(self, plan: LoadPlan, lanes: list[Lane], begin_ns: int, first: int) -> None:
        self.agenda = Agenda(plan, begin_ns)
        self.tally = Tally(
            begin_ns,
            one_time=self.agenda.schedule is None,
            skip=plan.skip_first,
            count_errors=plan.count_errors,
            details_at_most=plan.details_at_most,
        )
        self.last_ns = begin_ns
        self.retried = 0
        self.in_flight: dict[asyncio.Task[None], None] = {}
        self._plan = plan
        self._lanes = lanes
        self._first = first
        self._source = source_of(plan.source)
        self._concurrency = plan.most_at_first()
        self._room = asyncio.Event()
        self._slots: list[int] = []
        """Free ones."""
        self._slot_count = 0
        self._abandoned: tuple[StatusCode, str] | None = None
        """What calls that are cancelled count as; None: they do not."""

    @property
    def waiting(self) -> int:
        return max(0, self.agenda.due_before(time.monotonic_ns()) - self.agenda.started)

    async def run(self, stop: asyncio.Event, report: Report, tell: Tell) -> str:
        """To the end of the plan; says how it ended."""
        async with asyncio.TaskGroup() as group:
            whole = group.create_task(self._whole(group))
            halted = group.create_task(stop.wait())
            aside = [group.create_task(self._tick(report, tell)), group.create_task(self._resize())]
            await asyncio.wait([whole, halted], return_when=asyncio.FIRST_COMPLETED)
            end = whole.result() if whole.done() else "cancel"
            if not whole.done():
                whole.cancel()
                self._end_all(StatusCode.CANCELLED, "the run was interrupted before the answer")
            for task in (halted, *aside):
                task.cancel()
        return end

    async def _whole(self, group: asyncio.TaskGroup) -> str:
        await self._start_all(group)
        plan, end_ns = self._plan, self.agenda.end_ns
        limit_s = None
        if plan.duration_s is not None:
            limit_s = max(0.0, (end_ns - time.monotonic_ns()) / 1e9) + (plan.drain_s if plan.at_end == "wait" else 0)
        if self.in_flight and limit_s != 0:
            await asyncio.wait(list(self.in_flight), timeout=limit_s)
        if not self.in_flight:
            return "normal"
        if plan.at_end == "wait":
            self._end_all(StatusCode.CANCELLED, f"no answer within {plan.drain_s:g} s after the end of the run")
            return "timeout"
        if plan.at_end == "close":
            self._end_all(StatusCode.UNAVAILABLE, "the client closed the connection at the end of the run")
        for task in self.in_flight:
            task.cancel()
        return "normal"

    def _end_all(self, code: StatusCode, text: str) -> None:
        self._abandoned = code, text
        for task in self.in_flight:
            task.cancel()

    async def _start_all(self, group: asyncio.TaskGroup) -> None:
        agenda = self.agenda
        while (due_ns := agenda.next_ns(now_ns := time.monotonic_ns())) is not None:
            if due_ns > now_ns:
                agenda.blocked = False
                await asyncio.sleep((due_ns - now_ns) / 1e9)
            elif len(self.in_flight) >= self._concurrency:
                agenda.blocked = True
                self._room.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout((agenda.end_ns - now_ns) / 1e9):
                        await self._room.wait()
            else:
                number = agenda.start(due_ns, now_ns)
                task = group.create_task(self._call(number, due_ns))
                self.in_flight[task] = None
                task.add_done_callback(self._done)
                await asyncio.sleep(0)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.in_flight.pop(task, None)
        self._room.set()

    async def _call(self, number: int, due_ns: int) -> None:
        lane = self._lanes[number % len(self._lanes)]
        if not self._slots:
            self._slots.append(self._slot_count)
            self._slot_count += 1
        slot = self._slots.pop()
        sent_ns = time.monotonic_ns()
        intended_ns = sent_ns if self.agenda.schedule is None else due_ns
        try:
            request = self._request(number, slot, lane)
            sent_ns = time.monotonic_ns()
            code, details, pod = await lane.perform(request)
        except RequestError as error:
            self.last_ns = time.monotonic_ns()
            self.tally.error(error.code, str(error), self.last_ns)
            return
        except asyncio.CancelledError:
            if self._abandoned is None:
                return
            (code, details), pod = self._abandoned, None
        finally:
            self._slots.append(slot)
        self.last_ns = now_ns = time.monotonic_ns()
        times_ns = now_ns - sent_ns, now_ns - intended_ns
        if self.tally.error(code, details, now_ns, times_ns) if code else self.tally.ok(now_ns, *times_ns):
            lane.add(pod)

    def _request(self, number: int, slot: int, lane: Lane) -> Request:
        if self._source is None:
            return Request((self._plan.message,))
        share = self._plan.share
        caller = f"g{share.number(slot)}c{share.number(lane.number)}"
        request = self._source(share.number(self._first + number), caller)
        is_stream = self._plan.stream is not None and self._plan.stream.client_streaming
        return request if is_stream else checked(request)

    async def _resize(self) -> None:
        if self._plan.callers is None:
            return
        for at_s, number in self._plan.callers.changes():
            await asyncio.sleep(at_s - (time.monotonic_ns() - self.agenda.begin_ns) / 1e9)
            self._concurrency = self._plan.share.part(number)
            self._room.set()

    async def _tick(self, report: Report, tell: Tell) -> None:
        while True:
            await asyncio.sleep(_GRAIN_S)
            report.each_second(tell)
