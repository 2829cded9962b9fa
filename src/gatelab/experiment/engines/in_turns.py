"""gatelab's own generators: the same load on all paths, taking turns, each on connections that it keeps to the end.

Turns, because a machine's mood of one minute would otherwise be the difference between the paths. Kept connections,
because at L4 the connection is what is balanced: new ones every second would spread by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from gatelab.experiment.engines.engine import (
    CALL_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    LATE_S,
    WHAT,
    Loaded,
    LoadTask,
    PathLoad,
)
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.smoke import target_credentials, target_tls
from gatelab.experiment.turns import GAP_S, ORDER, Turns
from gatelab.experiment.watchers import Watchers
from gatelab.grpc_wire.errors import ConnectError
from gatelab.load import LoadPlan, LoadResult, Progress, Schedule, run


@dataclass(frozen=True, slots=True)
class InTurns:
    """`engine` is that of `gatelab load`."""

    engine: Literal["native", "grpcio"]

    def turns(self, duration_s: float, paths: tuple[str, ...] = ORDER) -> Turns:
        return Turns.for_duration(duration_s, paths)

    async def measure(
        self,
        task: LoadTask,
        watchers: Watchers,
        between: Callable[[], Awaitable[None]] | None,
        stop: asyncio.Event,
    ) -> Loaded:
        """`between` is awaited after every turn of the last path. One that cannot be reached stops the others."""
        turns = self.turns(task.experiment.load.duration_s, task.paths)
        plans = {name: _plan(self.engine, task, turns, name, watchers.progressed) for name in task.paths}
        ended = asyncio.Event()
        failed: list[CouldNotRun] = []
        async with asyncio.TaskGroup() as around:
            if between is not None:
                around.create_task(_between_rounds(turns, between, ended))
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = {
                        name: group.create_task(_measured(name, plan, stop, failed)) for name, plan in plans.items()
                    }
            finally:
                ended.set()
        if failed:
            # The others were stopped for it, and may have failed for that.
            raise failed[0]
        found = {name: result for name, each in tasks.items() if (result := each.result()) is not None}
        return Loaded({name: PathLoad(result) for name, result in found.items()}, turns.events())


async def _measured(name: str, plan: LoadPlan, stop: asyncio.Event, failed: list[CouldNotRun]) -> LoadResult | None:
    """The result; where there is none, why is in `failed`, and the other paths are stopped, in order and not by
    cancellation.
    """
    try:
        return await run(plan, stop=stop)
    except ConnectError as error:
        failed.append(CouldNotRun(f"{WHAT[name]} cannot be reached from here ({name}): {error}"))
        stop.set()
        return None


async def _between_rounds(turns: Turns, do: Callable[[], Awaitable[None]], ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(1, turns.rounds):
        try:
            async with asyncio.timeout_at(begun + number * turns.round_s - GAP_S / 2):
                await ended.wait()
            return
        except TimeoutError:
            await do()


def _connections(wanted: int, pods: int) -> int:
    """For the baseline: the smallest multiple of the pods that is not below `wanted`.

    Calls take the connections in turn, so each pod gets as many calls a second as through the Gateway. One connection
    would be one pod with all of them: its caches warm, where the Gateway's pods have time to cool, and the difference
    would be charged to the Gateway.
    """
    return pods * -(-wanted // pods)


def _plan(
    engine: Literal["native", "grpcio"],
    task: LoadTask,
    turns: Turns,
    name: str,
    on_progress: Callable[[str, Progress], None],
) -> LoadPlan:
    experiment, place, pods = task.experiment, task.place, task.backends.pods
    load = experiment.load
    host, port = task.address(name)
    connections = _connections(load.connections, len(pods)) if name == "direct" else load.connections
    return LoadPlan(
        host=host,
        port=port,
        targets=tuple((pod.address, pod.port) for pod in pods) if name == "direct" else (),
        path=task.request.path,
        message=task.request.message,
        tls=target_tls(experiment.tls, place.trusted) if name == "l7" else None,
        credentials=target_credentials(experiment.tls, place.trusted) if name == "l7" else None,
        engine=engine,
        authority=experiment.target,
        schedule=Schedule.bursts(
            rps=load.rps,
            burst_s=turns.slice_s,
            every_s=turns.round_s,
            first_s=turns.first_s(name),
            bursts=turns.rounds,
        ),
        total=load.requests,
        duration_s=turns.total_s + LATE_S,
        connections=connections,
        concurrency=max(load.concurrency, connections),
        timeout_s=CALL_TIMEOUT_S,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        on_progress=lambda progress: on_progress(name, progress),
    )
