"""A run that ends early, in whatever turn of the loop, leaves nothing behind: turns are counted, not time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from gatelab.grpc_wire import ConnectError
from gatelab.load import LoadPlan, run
from load_plans import plan_for

FILES = Path("/proc/self/fd")
Ending = Callable[[asyncio.Event, "asyncio.Task[Any]"], object]


def told(stop: asyncio.Event, _run: "asyncio.Task[Any]") -> None:
    stop.set()


def cancelled(_stop: asyncio.Event, run: "asyncio.Task[Any]") -> None:
    run.cancel()


@pytest.mark.parametrize("end", [told, cancelled])
async def test_a_run_leaves_no_connection_and_no_task(pods: list[Any], end: Ending) -> None:
    plan = plan_for(pods, total=2, connections=2, concurrency=2)
    turns = 0
    while await _ended_early(plan, turns, end):
        assert _tasks() == 1
        await _all_gone(pods)
        turns += 1
    assert turns > 10


@pytest.mark.skipif(not FILES.exists(), reason="there is no list of what a process has open")
async def test_a_run_by_workers_leaves_no_process_and_no_socket(pods: list[Any]) -> None:
    plan = plan_for(pods, total=6, connections=2, concurrency=2, workers=2)
    before = _sockets()
    for turns in range(6):
        assert await _ended_early(plan, turns, cancelled)
        assert _tasks() == 1
        children = psutil.Process().children()
        assert [each.pid for each in children if "gatelab.load.workers.worker" in each.cmdline()] == []
        await _all_gone(pods)
        assert _sockets() - before == set()


async def _ended_early(plan: LoadPlan, turns: int, end: Ending) -> bool:
    """Whether the run, of which so many turns of the loop are granted, was not over by then."""
    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(_outcome(plan, stop))
        for _ in range(turns + 1):  # the first one starts it
            await asyncio.sleep(0)
        is_over = running.done()
        end(stop, running)
    return not is_over


async def _outcome(plan: LoadPlan, stop: asyncio.Event) -> None:
    try:
        await run(plan, stop=stop)
    except ConnectError as error:
        assert "interrupted before" in str(error)  # noqa: PT017 - a run that has its connections ends in order


async def _all_gone(pods: list[Any]) -> None:
    """Waits until the servers have seen every connection end."""
    async with asyncio.timeout(10):
        while any(pod.server.sessions for pod in pods):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)


def _tasks() -> int:
    return len(asyncio.all_tasks())


def _sockets() -> set[str]:
    """Those of this process, by their inodes."""
    names = set()
    for link in FILES.iterdir():
        with suppress(FileNotFoundError):
            names.add(str(link.readlink()))
    return {name for name in names if name.startswith("socket:")}
