"""A run in several processes: they are started, told their shares, begun together, and their parts put together.

A worker holds one end of a socket pair. When this process ends, however it ends, the socket does too, and the worker
with it. Signals of the terminal do not reach the workers: they are told when to stop.
"""

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gatelab.grpc_wire.errors import ConnectError
from gatelab.load.counting.collector import Collector
from gatelab.load.errors import WorkerError
from gatelab.load.plan import LoadPlan
from gatelab.load.result import LoadResult, WarmUp
from gatelab.load.workers.frames import Failed, Go, Job, Order, Ready, Stop, Told, framed, next_answer
from gatelab.load.workers.plan_data import encoded, shared

_START_S: Final = 30.0
"""To start a process, beside the time to connect."""
_SILENCE_S: Final = 30.0
"""A worker tells something every second; after so long without a word it hangs."""
_END_S: Final = 2.0
_AHEAD_NS: Final = 50_000_000
"""So that all have read when to begin before it is time."""


class _Lost(Exception):
    """A worker has ended, or hangs, in the middle of its work."""


class _Worker:
    """One process, seen from the run."""

    def __init__(
        self, index: int, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.index = index
        self._process = process
        self._reader = reader
        self._writer = writer

    def send(self, order: Order) -> None:
        """A worker that is gone hears nothing; that it is gone is noticed by who reads."""
        if not self._writer.is_closing():
            self._writer.write(framed(order))

    async def ready(self, timeout_s: float) -> None:
        """Raises ConnectError and WorkerError."""
        try:
            async with asyncio.timeout(timeout_s):
                answer = await next_answer(self._reader)
        except TimeoutError:
            raise WorkerError(f"worker {self.index + 1} did not begin within {timeout_s:g} s") from None
        if isinstance(answer, Failed):
            raise ConnectError(answer.text) if answer.connecting else WorkerError(answer.text)
        if not isinstance(answer, Ready):
            raise WorkerError(f"worker {self.index + 1} {await self._end()} before it began")

    async def phase(self, collector: Collector) -> None:
        """Hands its parts on until the last of a phase. Raises _Lost."""
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    answer = await next_answer(self._reader)
            except TimeoutError:
                self._process.kill()
                raise _Lost(f"worker {self.index + 1} said nothing for {_SILENCE_S:g} s and was ended") from None
            if not isinstance(answer, Told):
                raise _Lost(f"worker {self.index + 1} {await self._end()}")
            collector.take(self.index, answer.part)
            if answer.part.end:
                return

    async def _end(self) -> str:
        try:
            async with asyncio.timeout(1):
                code = await self._process.wait()
        except TimeoutError:
            return "closed its socket"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    async def close(self) -> None:
        """Lets it go, and waits until it has ended."""
        self._writer.close()
        await _ended(self._process)


async def run_workers(plan: LoadPlan, stop: asyncio.Event) -> LoadResult:
    """As `run` has it, for a plan with several workers.

    When one is lost the others stop, and the result says what is missing (`incomplete`).

    Raises:
        ConnectError: a first connection could not be made.
        WorkerError: a worker could not begin.
        ValueError: the plan holds what cannot leave this process.
    """
    jobs = [Job(encoded(each)) for each in shared(plan)]
    async with _started(jobs) as workers:
        await _all_ready(workers, plan.connect_timeout_s + _START_S, stop)
        warm_up: WarmUp | None = None
        lost: list[str] = []
        if plan.warm_up_s:
            before, lost = await _phase(workers, plan.for_warm_up(), stop, warm_up=True)
            warm_up = before.warm_up()
        if lost:
            return before.result(incomplete=_missing(lost, plan))
        collector, lost = await _phase(workers, plan, stop, warm_up=False)
    return collector.result(warm_up=warm_up, incomplete=_missing(lost, plan))


@asynccontextmanager
async def _started(jobs: Sequence[Job]) -> AsyncIterator[list[_Worker]]:
    workers: list[_Worker] = []
    try:
        for index, job in enumerate(jobs):
            workers.append(await _start(index))
            workers[-1].send(job)
        yield workers
    finally:
        await asyncio.gather(*(worker.close() for worker in workers))


async def _start(index: int) -> _Worker:
    """Raises WorkerError. Cancelled in the middle it leaves neither a process nor a socket."""
    process = None
    try:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await _process(theirs.fileno())
            return _Worker(index, process, *await asyncio.open_unix_connection(sock=ours))
        except BaseException:
            ours.close()
            if process is not None:
                await _ended(process)
            raise
    except OSError as error:
        raise WorkerError(f"worker {index + 1} could not be started: {error.strerror or error}") from error


async def _process(fd: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "gatelab.load.workers.worker",
        str(fd),
        pass_fds=(fd,),
        start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )


async def _ended(process: Process) -> None:
    """A process ends when its socket does; one that does not is killed, and so is one for which nobody waits longer."""
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _all_ready(workers: Sequence[_Worker], timeout_s: float, stop: asyncio.Event) -> None:
    """Raises the error of the first that could not begin, and ConnectError when `stop` is set before all are ready."""
    failures: list[ConnectError | WorkerError] = []

    async def one(worker: _Worker) -> None:
        try:
            await worker.ready(timeout_s)
        except (ConnectError, WorkerError) as error:
            failures.append(error)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(one(worker))

    async with asyncio.TaskGroup() as group:
        ready = group.create_task(all_of_them())
        halted = group.create_task(stop.wait())
        await asyncio.wait([ready, halted], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            failures.append(ConnectError("interrupted before the connections were open"))
        ready.cancel()
        halted.cancel()
    if failures:
        raise failures[0]


async def _phase(
    workers: Sequence[_Worker], plan: LoadPlan, stop: asyncio.Event, *, warm_up: bool
) -> tuple[Collector, list[str]]:
    """What the workers told of one phase, and which of them were lost in it."""
    begin_ns = time.monotonic_ns() + _AHEAD_NS
    collector = Collector(plan, begin_ns)
    lost: list[str] = []

    async def one(worker: _Worker) -> None:
        try:
            await worker.phase(collector)
        except _Lost as error:
            lost.append(str(error))
            halt()

    def halt() -> None:
        for worker in workers:
            worker.send(Stop())

    async def halt_when_told() -> None:
        await stop.wait()
        halt()

    for worker in workers:
        worker.send(Go(begin_ns, warm_up))
    async with asyncio.TaskGroup() as group:
        halting = group.create_task(halt_when_told())
        async with asyncio.TaskGroup() as phases:
            for worker in workers:
                phases.create_task(one(worker))
        halting.cancel()
    return collector, lost


def _missing(lost: Sequence[str], plan: LoadPlan) -> str:
    if not lost:
        return ""
    return (
        f"{'; '.join(lost)} (of {plan.workers}): the run was stopped there, and what such a worker had counted since "
        "the last whole second is missing"
    )
