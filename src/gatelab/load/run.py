"""A run from beginning to end."""

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from gatelab.grpc_wire.errors import ConnectError
from gatelab.load.counting.collector import Collector
from gatelab.load.generators import opened
from gatelab.load.phases import Generator
from gatelab.load.plan import LoadPlan
from gatelab.load.result import LoadResult

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


async def run(plan: LoadPlan, *, stop: asyncio.Event | None = None) -> LoadResult:
    """Carries out a plan. Setting `stop` ends it early, with what has been measured so far (`end_reason` `cancel`).

    Raises:
        ConnectError: a first connection could not be made, or `stop` was set before all were. Later losses are
            reconnected, and in the result.
        WorkerError: a worker could not begin.
    """
    stop = stop or asyncio.Event()
    if plan.workers > 1:
        from gatelab.load.workers.run import run_workers

        return await run_workers(plan, stop)
    generator = await _opened(plan, stop)
    try:
        with quiet_garbage_collector(plan):
            warm_up = None
            if plan.warm_up_s:
                before = plan.for_warm_up()
                collector = Collector(before, time.monotonic_ns())
                collector.take(0, await generator.phase(before, time.monotonic_ns(), stop, _ignore))
                warm_up = collector.warm_up()
            begin_ns = time.monotonic_ns()
            collector = Collector(plan, begin_ns)
            collector.take(0, await generator.phase(plan, begin_ns, stop, partial(collector.take, 0)))
    finally:
        await generator.close()
    return collector.result(warm_up=warm_up)


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


async def _opened(plan: LoadPlan, stop: asyncio.Event) -> Generator:
    """The connections. Raises ConnectError, also when `stop` is set before they are there."""
    found: list[Generator | ConnectError] = []

    async def opening() -> None:
        try:
            found.append(await opened(plan))
        except ConnectError as error:
            found.append(error)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(opening()), group.create_task(stop.wait())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except asyncio.CancelledError:  # cancelled when they were there already
        for generator in found:
            if not isinstance(generator, ConnectError):
                await generator.close()
        raise
    generator = found[0] if found else ConnectError("interrupted before the connections were open")
    if isinstance(generator, ConnectError):
        raise generator
    return generator


def _ignore(_part: object) -> None:
    """The seconds of a warm-up are nobody's business."""


_QUIET = 0


@contextmanager
def quiet_garbage_collector(plan: LoadPlan) -> Iterator[None]:
    """No cyclic garbage collection while runs measure; several may do so at the same time.

    A collection stops the loop for milliseconds. What calls allocate holds no cycles, so nothing piles up; what those
    of grpcio allocate does.
    """
    global _QUIET
    if plan.engine != "native":
        yield
        return
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
