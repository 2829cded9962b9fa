"""The measurement: the same load on three paths, taking turns, each on connections that it keeps to the end.

Turns, because a machine's mood of one minute would otherwise be the difference between the paths. Kept connections,
because at L4 the connection is what is balanced: new ones every second would spread by themselves.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gatelab.experiment.backends import Backends
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.place import Place
from gatelab.experiment.report import Event
from gatelab.experiment.smoke import Request, target_credentials, target_tls
from gatelab.grpc_wire.errors import ConnectError
from gatelab.load import LoadPlan, LoadResult, Progress, Schedule, run

ORDER = ("direct", "l4", "l7")
SLICE_S = 1.0
"""The longest turn."""
GAP_S = 0.03
"""Between turns, for the last calls of one to end before the next begins."""
LATE_S = 1.0
"""What a machine that stalls in the last turn may take longer; calls still unsent then are in the report."""
CALL_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Turns:
    """When each path has its turn: `slice_s` long, `rounds` times."""

    rounds: int
    slice_s: float
    paths: tuple[str, ...] = ORDER

    @property
    def round_s(self) -> float:
        return len(self.paths) * (self.slice_s + GAP_S)

    @property
    def total_s(self) -> float:
        return self.rounds * self.round_s

    @classmethod
    def for_duration(cls, duration_s: float, paths: tuple[str, ...] = ORDER) -> "Turns":
        """Turns that give each path `duration_s` in all."""
        rounds = max(1, math.ceil(round(duration_s / SLICE_S, 6)))
        return cls(rounds, duration_s / rounds, paths)

    def first_s(self, path: str) -> float:
        """When a path's first turn begins."""
        return self.paths.index(path) * (self.slice_s + GAP_S)

    def events(self) -> tuple[Event, ...]:
        """The beginning of each turn."""
        begins = [
            (number * self.round_s + self.first_s(name), name) for number in range(self.rounds) for name in self.paths
        ]
        return tuple(Event(second=round(at_s, 3), what="turn", text=f"turn of {name}") for at_s, name in begins)


async def measure_paths(
    experiment: Experiment,
    request: Request,
    place: Place,
    backends: Backends,
    on_progress: Callable[[str, Progress], None],
    between: Callable[[], Awaitable[None]] | None = None,
    paths: tuple[str, ...] = ORDER,
    stop: asyncio.Event | None = None,
) -> Mapping[str, LoadResult]:
    """The results by path. Raises CouldNotRun naming the path that cannot be reached.

    `between` is awaited after every turn of the last path, where it keeps no call waiting. `stop` ends all paths early;
    one that cannot be reached sets it for the others.
    """
    turns = Turns.for_duration(experiment.load.duration_s, paths)
    plans = {name: _plan(experiment, request, place, backends, turns, name, on_progress) for name in paths}
    stop = stop or asyncio.Event()
    ended = asyncio.Event()
    failed: list[CouldNotRun] = []
    async with asyncio.TaskGroup() as around:
        if between is not None:
            around.create_task(_between_rounds(turns, between, ended))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {name: group.create_task(_measured(name, plan, stop, failed)) for name, plan in plans.items()}
        finally:
            ended.set()
    if failed:
        # The others were stopped for it, and may have failed for that.
        raise failed[0]
    return {name: result for name, task in tasks.items() if (result := task.result()) is not None}


async def _measured(name: str, plan: LoadPlan, stop: asyncio.Event, failed: list[CouldNotRun]) -> LoadResult | None:
    """The result; where there is none, why is in `failed`, and the other paths are stopped, in order and not by
    cancellation.
    """
    try:
        return await run(plan, stop=stop)
    except ConnectError as error:
        what = {"direct": "the pods", "l4": "the Service's address", "l7": "the target"}[name]
        failed.append(CouldNotRun(f"{what} cannot be reached from here ({name}): {error}"))
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
    experiment: Experiment,
    request: Request,
    place: Place,
    backends: Backends,
    turns: Turns,
    name: str,
    on_progress: Callable[[str, Progress], None],
) -> LoadPlan:
    load = experiment.load
    host, port = {
        "direct": (backends.pods[0].address, backends.pods[0].port),
        "l4": backends.service,
        "l7": (place.address, place.port(experiment.target_address[1])),
    }[name]
    return LoadPlan(
        host=host,
        port=port,
        targets=tuple((pod.address, pod.port) for pod in backends.pods) if name == "direct" else (),
        path=request.path,
        message=request.message,
        tls=target_tls(experiment.tls, place.trusted) if name == "l7" else None,
        credentials=target_credentials(experiment.tls, place.trusted) if name == "l7" else None,
        engine=load.engine,
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
        connections=_connections(load.connections, len(backends.pods)) if name == "direct" else load.connections,
        concurrency=load.concurrency,
        timeout_s=CALL_TIMEOUT_S,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        on_progress=lambda progress: on_progress(name, progress),
    )
