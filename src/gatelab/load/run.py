"""A run from beginning to end."""

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.status import StatusCode, display_name
from gatelab.load.callers import Callers
from gatelab.load.engine import Engine
from gatelab.load.links import Links
from gatelab.load.plan import CallDetail, LoadPlan, LoadResult
from gatelab.load.progress import ProgressReport
from gatelab.load.seconds import SECOND_NS
from gatelab.load.verdict import saturation

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


async def run(plan: LoadPlan, *, stop: asyncio.Event | None = None) -> LoadResult:
    """Carries out a plan. Setting `stop` ends it early, with what has been measured so far (`end_reason` `cancel`).

    Raises:
        ConnectError: a first connection could not be made, or `stop` was set before all were. Later losses are
            reconnected, and in the result.
    """
    links = await _opened(plan, stop)
    loop = asyncio.get_running_loop()
    engine = Engine(plan, links, loop)
    started = time.time()
    try:
        with _quiet_garbage_collector():
            end_reason = await _driven(plan, engine, links, stop)
            ended_ns = time.monotonic_ns()
    finally:
        engine.close()
        await links.close()
    return _result(plan, engine, links, started, ended_ns, end_reason)


def run_blocking(plan: LoadPlan) -> LoadResult:
    """`run` on the fastest loop there is, with Ctrl-C as `stop`; a second Ctrl-C interrupts as ever.

    Raises:
        ConnectError: as `run`.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(run_interruptible(plan))


async def run_interruptible(plan: LoadPlan, *, told: Callable[[int], object] | None = None) -> LoadResult:
    """`run`, with the first SIGINT or SIGTERM as `stop`; its number is told. The second has the effect it ever had."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        stop.set()
        for each in _STOPPING:
            loop.remove_signal_handler(each)
        if told is not None:
            told(number)

    for each in _STOPPING:
        loop.add_signal_handler(each, first, each)
    try:
        return await run(plan, stop=stop)
    finally:
        for each in _STOPPING:
            loop.remove_signal_handler(each)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed; for `asyncio.Runner`."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _opened(plan: LoadPlan, stop: asyncio.Event | None) -> Links:
    """The connections. Raises ConnectError, also when `stop` is set before they are there."""
    found: list[Links | ConnectError] = []

    async def opening() -> None:
        try:
            found.append(await Links.opened(plan))
        except ConnectError as error:
            found.append(error)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(opening()), group.create_task(_wait_for(stop))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
    links = found[0] if found else ConnectError("interrupted before the connections were open")
    if isinstance(links, ConnectError):
        raise links
    return links


async def _driven(plan: LoadPlan, engine: Engine, links: Links, stop: asyncio.Event | None) -> str:
    """Runs the engine to its end, and says how it ended."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(links.keep(link, engine.connected, engine.unreachable)) for link in links.links]
        tasks.append(group.create_task(_tick(plan, engine)))
        if plan.callers is not None:
            tasks.append(group.create_task(_resize(plan.callers, engine)))
        halted = group.create_task(_wait_for(stop))
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


async def _wait_for(stop: asyncio.Event | None) -> None:
    await (stop or asyncio.Event()).wait()


async def _resize(callers: Callers, engine: Engine) -> None:
    """Changes the concurrency when its time has come."""
    for at_s, number in callers.changes():
        delay_s = at_s - (time.monotonic_ns() - engine.begin_ns) / 1e9
        if at_s and delay_s > 0:
            await asyncio.sleep(delay_s)
        engine.resize(number)


async def _tick(plan: LoadPlan, engine: Engine) -> None:
    """Deadlines of calls, the deadline of the run, and progress once a second."""
    grain_s = min(0.1, max(0.005, plan.timeout_s / 4))
    report = ProgressReport(engine)
    while True:
        left_s = (engine.end_ns - time.monotonic_ns()) / 1e9
        await asyncio.sleep(min(grain_s, left_s) if left_s > 0 else grain_s)
        now_ns = time.monotonic_ns()
        engine.expire(now_ns)
        if now_ns >= engine.end_ns + int(plan.drain_s * 1e9) and engine.in_flight:
            engine.overrun = True
            engine.stop()
            engine.abandon_all(StatusCode.CANCELLED, f"no answer within {plan.drain_s:g} s after the end of the run")
            engine.expire(now_ns)
        if plan.on_progress is not None and (progress := report.look()) is not None:
            plan.on_progress(progress)


def _result(plan: LoadPlan, engine: Engine, links: Links, started: float, ended_ns: int, end_reason: str) -> LoadResult:
    tally = engine.tally
    elapsed_s = (max(engine.last_ns, ended_ns if end_reason == "cancel" else 0) - engine.begin_ns) / 1e9
    seconds = -(-(min(ended_ns, engine.end_ns) - engine.begin_ns) // SECOND_NS)
    return LoadResult(
        count=tally.count,
        errors=tally.errors,
        statuses=tally.by_name(),
        error_messages=dict(sorted(tally.messages.items(), key=lambda item: -item[1])),
        pods=links.pods(),
        connections=tuple(link.result() for link in links.links),
        service=tally.service,
        response=tally.seconds.all_responses(),
        started=started,
        elapsed_s=elapsed_s,
        intended_rps=plan.rps or (engine.due() / elapsed_s if engine.schedule and elapsed_s > 0 else 0.0),
        end_reason=end_reason,
        unsent=engine.unsent(),
        waited=engine.waited,
        retried=engine.retried,
        lateness=engine.lateness,
        saturated=saturation(plan, engine),
        details=_details(engine, started),
        series=tally.seconds.series(seconds),
    )


def _details(engine: Engine, started: float) -> tuple[CallDetail, ...]:
    begin_ns, unix_ns = engine.begin_ns, round(started * 1e9)
    return tuple(
        CallDetail(unix_ns + ended_ns - begin_ns, latency_ns, display_name(code), error)
        for ended_ns, latency_ns, code, error in engine.tally.details
    )


_QUIET = 0


@contextmanager
def _quiet_garbage_collector() -> Iterator[None]:
    """No cyclic garbage collection while runs measure; several may do so at the same time.

    A collection stops the loop for milliseconds. What calls allocate holds no cycles, so nothing piles up.
    """
    global _QUIET
    was_enabled = gc.isenabled() or _QUIET > 0
    if _QUIET == 0:
        gc.collect()
        gc.disable()
    _QUIET += 1
    try:
        yield
    finally:
        _QUIET -= 1
        if _QUIET == 0 and was_enabled:
            gc.enable()
