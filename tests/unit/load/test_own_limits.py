"""When a run says that the generator was the limit, and when it must not."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest

import load_plans
from gatelab.grpc_wire.server_session import ServerCall
from gatelab.load import Histogram, LoadPlan, LoadResult, Request, run, verdict
from gatelab.load.counting.own_use import Meter
from gatelab.load.counting.part import Part, Use
from gatelab.load.verdict import saturation
from load_plans import HOST

plan_for = partial(load_plans.plan_for, message=b"")
WORDS = "the generator, not the target, was the limit"


def costly(work_s: float) -> Any:
    """Requests that take the generator long to make."""

    def make(_number: int, _caller: str) -> Request:
        until = time.thread_time() + work_s
        while time.thread_time() < until:
            pass
        return Request((b"",))

    return make


def machine_held_up(result: LoadResult) -> bool:
    """What no test can rule out: the generator had no core for so long that it was late beside a slow target."""
    return result.lateness.percentile(99) > result.response.percentile(50) // 10


def delayed(pod: Any, seconds: float) -> None:
    def answer_later(call: ServerCall) -> None:
        asyncio.get_running_loop().call_later(seconds, pod.answer, call)

    pod.behave = answer_later


async def test_a_closed_loop_whose_requests_cost_more_than_the_answers(
    pods: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "_BUSY", 0.1)  # all of a core is not to be had of every machine
    result = await run(plan_for(pods, duration_s=0.7, concurrency=4, source=costly(0.002)))
    assert result.saturated.startswith(WORDS)
    assert "of a core" in result.saturated
    (generator,) = result.generators
    assert generator.cpu + generator.starved >= 0.1


async def test_a_closed_loop_that_waits_for_a_slow_target(pods: list[Any]) -> None:
    delayed(pods[0], 0.1)
    result = await run(plan_for(pods, duration_s=0.7, concurrency=2))
    assert (result.errors, result.saturated) == (0, "")


async def test_a_rate_that_the_generator_cannot_keep(pods: list[Any]) -> None:
    result = await run(plan_for(pods, rps=200, duration_s=0.5, source=costly(0.02)))
    assert result.saturated.startswith(WORDS)
    assert result.generators[0].late > 0
    assert (
        f"{result.generators[0].late} of {result.lateness.count} calls left more than a millisecond" in result.saturated
    )


async def test_a_rate_that_can_be_reached_of_a_slow_target(pods: list[Any]) -> None:
    delayed(pods[0], 1.0)
    result = await run(plan_for(pods, rps=100, total=30))
    assert (result.errors, result.waited) == (0, 0)
    assert result.saturated.startswith(WORDS) == machine_held_up(result)


async def test_a_rate_that_the_target_holds_up_is_not_the_generators_fault(pods: list[Any]) -> None:
    delayed(pods[0], 0.2)
    result = await run(plan_for(pods, rps=100, duration_s=0.5, concurrency=1))
    assert "had to wait for one of 1 slots" in result.saturated
    assert result.saturated.startswith(WORDS) == machine_held_up(result)


def part(*, lateness_ms: float = 0, calls: int = 1000, cpu: float = 0, starved: float = 0, wall_s: float = 1) -> Part:
    lateness = Histogram()
    for _ in range(calls):
        lateness.record(int(lateness_ms * 1e6))
    wall_ns = int(wall_s * 1e9)
    return Part(
        begin_ns=0,
        last_ns=0,
        ended_ns=0,
        settled=0,
        oks=0,
        errors=0,
        timed_errors=0,
        failures={},
        messages={},
        service=Histogram(),
        seconds=[],
        connections=[],
        lateness=lateness,
        late=calls if lateness_ms > 1 else 0,
        started=calls,
        waited=0,
        due=calls,
        unsent=0,
        retried=0,
        in_flight=0,
        waiting=0,
        use=Use(int(cpu * wall_ns), int(starved * wall_ns), wall_ns),
    )


def said(rps: float, response_ms: float, *parts: Part) -> str:
    response = Histogram()
    response.record(int(response_ms * 1e6))
    return saturation(LoadPlan(host=HOST, port=1, path="/", message=b"", total=9, rps=rps), parts, response)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([part(cpu=0.89)], ""),
        ([part(cpu=0.97)], "it used 0.97 of a core, so"),
        ([part(cpu=0.97, wall_s=0.4)], ""),
        ([part(cpu=0.5, starved=0.45)], "it used 0.50 of a core and waited for it in 45% of the time"),
        ([part(cpu=0.2), part(cpu=0.95), part(cpu=0.3)], "worker 2 of 3 used 0.95 of a core"),
        ([part(cpu=0.92), part(cpu=0.95)], "each worker used 0.92 of a core"),
    ],
)
def test_closed_loops_by_the_use_of_the_core(parts: list[Part], words: str) -> None:
    found = said(0, 1, *parts)
    assert found.startswith(WORDS) if words else not found
    assert words in found


def test_where_nothing_was_answered_the_generator_was_not_the_limit() -> None:
    plan = LoadPlan(host=HOST, port=1, path="/", message=b"", total=9, rps=100)
    assert not saturation(plan, [part(lateness_ms=4)], Histogram())


@pytest.mark.parametrize(
    ("parts", "response_ms", "words"),
    [
        ([part(lateness_ms=0.9, cpu=1)], 1, ""),
        ([part(lateness_ms=4, cpu=0)], 1, "it was late, 1000 of 1000 calls left more than a millisecond"),
        ([part(lateness_ms=4, cpu=0)], 100, ""),
        ([part(), part(lateness_ms=4)], 1, "worker 2 of 2 was late, 1000 of 1000 calls"),
    ],
)
def test_open_loops_by_their_lateness(parts: list[Part], response_ms: float, words: str) -> None:
    found = said(1000, response_ms, *parts)
    assert found.startswith(WORDS) if words else not found
    assert words in found


def test_what_a_thread_uses_of_its_core() -> None:
    meter = Meter()
    costly(0.05)(0, "")
    use = meter.use()
    assert 50_000_000 <= use.cpu_ns <= use.wall_ns
    assert use.starved_ns >= 0
