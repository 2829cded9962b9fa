"""Several processes that make one load together, and what becomes of it when one of them is lost."""

import asyncio
import os
import signal
import ssl
import sys
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

import load_plans
from gatelab.grpc_wire import ConnectError
from gatelab.grpc_wire.server_session import ServerCall
from gatelab.load import Callers, Histogram, LoadPlan, Poisson, Progress, Recipe, Schedule, StreamPlan, run
from gatelab.load.workers.plan_data import decoded, encoded, shared
from load_plans import HOST

plan_for = partial(load_plans.plan_for, timeout_s=30, workers=2, connections=3)


def children() -> list[int]:
    return [each.pid for each in psutil.Process().children() if "gatelab.load.workers.worker" in each.cmdline()]


async def test_a_rate_is_kept_together_and_everything_is_added_up(pods: list[Any]) -> None:
    targets = tuple((HOST, pod.port) for pod in pods)
    plan = plan_for(pods, rps=1000, total=260, targets=targets, details_at_most=1000)
    result = await run(plan)
    assert (result.count, result.errors, result.unsent, result.statuses) == (260, 0, 0, {"OK": 260})
    # Worker 1 has connections 0 and 2, worker 2 has 1; each has every other call.
    assert [(each.target, each.count) for each in result.connections] == [
        (targets[0], 65),
        (targets[1], 130),
        (targets[0], 65),
    ]
    assert result.pods == {"pod-0": 130, "pod-1": 130} == {pod.name: pod.served for pod in pods}
    assert result.service.count == result.response.count == result.lateness.count + result.waited == 260
    assert sum(each.ok for each in result.series) == 260
    ended = [each.ended_ns for each in result.details]
    assert len(ended) == 260
    assert ended == sorted(ended)
    assert len(result.generators) == 2
    assert children() == []


async def test_a_total_is_shared_exactly(pods: list[Any]) -> None:
    result = await run(plan_for(pods, total=101, concurrency=7, workers=3))
    assert (result.count, pods[0].served) == (101, 101)
    assert [each.count for each in result.connections] == [34, 34, 33]


async def test_a_warm_up_is_apart(pods: list[Any]) -> None:
    for workers in (1, 2):
        pods[0].served = 0
        result = await run(plan_for(pods, rps=100, duration_s=0.5, warm_up_s=0.3, workers=workers))
        assert result.warm_up is not None
        assert 0 < result.warm_up.count <= 30
        assert result.warm_up.errors == 0
        assert result.count == sum(each.count for each in result.connections) == 50 - result.unsent
        assert pods[0].served == result.warm_up.count + result.count
        assert [each.reconnects for each in result.connections] == [0, 0, 0]
        assert sum(each.ok for each in result.series) == result.count


async def test_stopping_gives_what_all_have(pods: list[Any]) -> None:
    seen: list[Progress] = []
    stop = asyncio.Event()

    def tell(progress: Progress) -> None:
        seen.append(progress)
        stop.set()

    result = await run(plan_for(pods, rps=200, duration_s=60, on_progress=tell), stop=stop)
    assert result.end_reason == "cancel"
    assert seen[0].last is not None
    assert 0 < seen[0].last.ok == seen[0].rps <= 200
    assert seen[0].count <= result.count
    assert result.count - result.errors <= pods[0].served
    assert [each.second for each in result.series][:2] == [0, 1]
    assert result.elapsed_s < 30
    assert children() == []


async def test_a_worker_that_is_killed_ends_the_run_with_what_is_known(pods: list[Any]) -> None:
    seen: list[Progress] = []

    def kill_one(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 1:
            os.kill(children()[0], signal.SIGKILL)

    result = await run(plan_for(pods, rps=100, duration_s=60, on_progress=kill_one))
    assert result.incomplete.startswith("worker ")
    assert "was ended by SIGKILL (of 2)" in result.incomplete
    assert result.end_reason == "cancel"
    # What the lost one had told by then is there, and what the other has counted since.
    assert 0 < seen[0].count <= result.count
    assert result.count - result.errors <= pods[0].served
    assert result.elapsed_s < 30


async def test_where_there_is_nothing_to_connect_to(pods: list[Any]) -> None:
    with pytest.raises(ConnectError, match="connection refused"):
        await run(plan_for(pods, total=10, targets=((HOST, pods[0].port), (HOST, 1))))
    assert children() == []


async def test_workers_end_with_the_process_that_started_them(pods: list[Any], tmp_path: Path) -> None:
    program = (
        "from gatelab.load import LoadPlan, run_blocking\n"
        f"run_blocking(LoadPlan(host={HOST!r}, port={pods[0].port}, path='/t.T/Do', message=b'', duration_s=60,"
        " workers=2, connections=2))"
    )
    waiting: list[ServerCall] = []
    both = asyncio.Event()

    def hold(call: ServerCall) -> None:
        waiting.append(call)
        if len(waiting) == 50:
            both.set()

    pods[0].behave = hold
    complaints = tmp_path / "stderr"
    with complaints.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=stderr)
    async with asyncio.timeout(30):
        await both.wait()
    workers = psutil.Process(process.pid).children()
    process.kill()
    await process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    for each in alive:
        each.kill()
    assert (len(gone), alive) == (2, [])
    # They end when they are told nothing more, and not by failing to tell: then they would complain.
    assert complaints.read_text() == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tls": ssl.create_default_context()}, "recipe for TLS"),
        ({"source": lambda _number, _caller: None}, "recipe for requests"),
        ({"workers": 4}, r"workers \(4\) must not be greater than the number of connections \(3\)"),
        ({"total": 1}, r"workers \(2\) must not be greater than the total \(1\)"),
    ],
)
def test_plans_that_cannot_be_shared_say_why(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encoded(
            LoadPlan(
                host=HOST, port=1, path="/", message=b"", **{"connections": 3, "workers": 2, "total": 9, **changes}
            )
        )


@pytest.mark.parametrize(
    "arrivals",
    [
        Schedule.constant(333.3),
        Schedule.step(start=10, step=10, step_s=0.5, end=50),
        Schedule.line(start=10, slope=25, end=100),
        Poisson(200, seed=7),
        Poisson(200),
    ],
    ids=["constant", "step", "line", "seeded", "poisson"],
)
@pytest.mark.parametrize("workers", [2, 3])
def test_the_shares_of_a_schedule_are_the_schedule(arrivals: Any, workers: int) -> None:
    plan = LoadPlan(
        host=HOST, port=1, path="/", message=b"", schedule=arrivals, total=100, connections=workers, workers=workers
    )
    found: list[int] = []
    for share in shared(plan):
        mine = decoded(encoded(share))
        schedule = mine.open_schedule()
        assert schedule is not None
        assert mine.total is not None
        found += [schedule.at_ns(number) or 0 for number in range(mine.total)]
    assert sorted(found) == [arrivals.at_ns(number) for number in range(100)]


def test_a_plan_comes_back_from_bytes_as_it_was() -> None:
    plan = LoadPlan(
        host=HOST,
        port=1,
        path="/",
        message=b"\x00",
        metadata=(("a", "b"), ("c-bin", b"\xff")),
        callers=Callers(start=2, step=3, end=9),
        stream=StreamPlan(client_streaming=True, server_streaming=False, interval_s=0.1),
        tls=Recipe("gatelab.call.tls:client_context", {"insecure": True}),
        duration_s=1,
        connections=2,
        targets=((HOST, 1), (HOST, 2)),
    )
    assert decoded(encoded(plan)) == plan
    assert [
        each.most_at_first()
        for each in shared(
            LoadPlan(
                host=HOST,
                port=1,
                path="/",
                message=b"",
                total=9,
                callers=Callers(start=3, step=1, end=9),
                connections=2,
                workers=2,
            )
        )
    ] == [2, 1]


def test_a_recipe_names_a_function_of_gatelab() -> None:
    assert isinstance(Recipe("gatelab.call.tls:client_context", {"insecure": True}).make(), ssl.SSLContext)
    with pytest.raises(ValueError, match="names no function of gatelab"):
        Recipe("os:system", {"command": "true"}).make()


durations = st.lists(st.integers(min_value=0, max_value=10**12))


@given(st.lists(durations, min_size=1, max_size=4))
def test_histograms_of_workers_merge_exactly(shares: list[list[int]]) -> None:
    whole, together = Histogram(), Histogram()
    for share in shares:
        mine = Histogram()
        for value in share:
            mine.record(value)
            whole.record(value)
        together.merge(Histogram.from_data(mine.to_data()))
    assert together == whole
