"""Runs against servers that behave, stall, refuse and vanish."""

import asyncio
import gc
import signal
import socket
import time
from functools import partial
from typing import Any

import pytest

import load_plans
from gatelab.grpc_wire import ConnectError
from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.server_session import ServerCall, answer_block
from gatelab.load import LoadPlan, Progress, Schedule, loop_factory, run, run_interruptible
from gatelab.load.native.engine import Engine
from load_plans import HOST

plan_for = partial(load_plans.plan_for, timeout_s=30, connect_timeout_s=20)


async def test_a_closed_loop_makes_exactly_its_total(pods: list[Any]) -> None:
    result = await run(plan_for(pods, total=500, concurrency=10, connections=3))
    assert (result.count, result.errors, result.statuses) == (500, 0, {"OK": 500})
    assert (result.pods, pods[0].served) == ({"pod-0": 500}, 500)
    assert sum(connection.count for connection in result.connections) == 500
    assert (result.service.count, result.service) == (500, result.response)
    assert (result.end_reason, result.intended_rps, result.saturated) == ("normal", 0, "")


@pytest.mark.parametrize("method", ["open", "receive"])
async def test_the_generators_own_work_is_not_the_servers_time(
    pods: list[Any], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Making a request and reading an answer: both take 30 ms here, and neither is in the service time."""
    original = getattr(ClientSession, method)

    def slow(*arguments: Any) -> Any:
        until = time.monotonic() + 0.03
        while time.monotonic() < until:
            pass
        return original(*arguments)

    monkeypatch.setattr(ClientSession, method, slow)
    result = await run(plan_for(pods, total=5, concurrency=1))
    assert result.errors == 0
    assert result.service.min_ns < 30_000_000


async def test_a_caller_of_a_closed_loop_stays_on_its_connection(pods: list[Any]) -> None:
    """As ghz's workers do; and what is sent in answer to one read leaves by one write."""
    waiting: list[ServerCall] = []
    pods[0].behave = waiting.append  # never answered, but for the two that the other one's end sets free
    enough = 200

    def answer(call: ServerCall) -> None:
        pods[1].answer(call)
        if pods[1].served == enough:
            for each in waiting:
                pods[0].answer(each)

    pods[1].behave = answer
    targets = tuple((HOST, pod.port) for pod in pods)
    result = await run(plan_for(pods, total=enough + 2, targets=targets, connections=2, concurrency=4))
    assert result.pods == {"pod-0": 2, "pod-1": enough}


async def test_every_answer_of_a_connection_is_read(pods: list[Any]) -> None:
    answers = [
        answer_block(((b"x-pod-name", b"a"),)),
        answer_block(((b"x-pod-name", b"a"),)),
        answer_block(((b"x-pod-name", b"b"),)),
        answer_block(()),
    ]

    def in_turn(call: ServerCall) -> None:
        pods[0].served += 1
        if pods[0].served % 5 == 0:
            call.finish(5, "none")
        else:
            call.reply(framed(b""), answers[pods[0].served % 5 - 1])

    pods[0].behave = in_turn
    result = await run(plan_for(pods, total=50, concurrency=5))
    assert result.statuses == {"OK": 40, "NotFound": 10}
    assert result.pods == {"a": 20, "b": 10}


async def test_targets_are_spread_over_connections(pods: list[Any]) -> None:
    targets = tuple((HOST, pod.port) for pod in pods)
    result = await run(plan_for(pods, rps=2000, total=100, targets=targets, connections=4, concurrency=4))
    assert result.pods == {"pod-0": 50, "pod-1": 50}
    assert [(c.target, dict(c.pods)) for c in result.connections] == [
        (targets[n % 2], {f"pod-{n % 2}": 25}) for n in range(4)
    ]


async def test_an_open_loop_keeps_its_rate(pods: list[Any]) -> None:
    result = await run(plan_for(pods, rps=400, total=200))
    assert (result.count, result.unsent) == (200, 0)
    assert result.elapsed_s >= 0.49
    assert result.intended_rps == 400


async def test_total_ends_an_open_loop_too(pods: list[Any]) -> None:
    result = await run(plan_for(pods, schedule=Schedule.step(start=500, step=500, step_s=0.05, end=2000), total=100))
    assert result.count == 100
    assert result.elapsed_s >= 0.11
    assert result.intended_rps == pytest.approx(100 / result.elapsed_s)


async def test_a_stall_is_in_the_response_time_of_all_who_were_due(pods: list[Any]) -> None:
    held: list[ServerCall] = []

    def hold(call: ServerCall) -> None:
        if not held:
            loop = asyncio.get_running_loop()
            loop.call_later(0.3, lambda: [pods[0].answer(c) for c in held])
        held.append(call)
        if len(held) >= 2:
            pods[0].behave = pods[0].answer

    pods[0].behave = hold
    result = await run(plan_for(pods, rps=200, total=80, concurrency=2))
    # Service time hides the stall from all but two calls; response time shows it to those that were due meanwhile.
    assert result.service.percentile(90) < 100e6
    assert result.response.percentile(50) > 50e6
    assert result.waited >= 40
    assert "calls had to wait for one of 2 slots" in result.saturated


async def test_a_target_that_is_too_slow_leaves_calls_unsent(pods: list[Any]) -> None:
    pods[0].behave = lambda _call: None
    result = await run(plan_for(pods, rps=100, duration_s=0.3, concurrency=3, timeout_s=0.05))
    assert result.statuses.keys() == {"DeadlineExceeded"}
    assert result.unsent > 0
    assert result.count + result.unsent == 30


async def test_what_a_generator_that_was_held_up_never_sent_is_counted(pods: list[Any]) -> None:
    loop = asyncio.get_running_loop()
    pods[0].call_at(2, lambda: loop.call_later(0.02, time.sleep, 0.4))  # between two calls, until long after the end
    result = await run(plan_for(pods, rps=20, duration_s=0.2))
    assert (result.count + result.unsent, result.errors) == (4, 0)


async def test_late_calls_time_out_and_the_run_goes_on(pods: list[Any]) -> None:
    calls = []

    def first_is_lost(call: ServerCall) -> None:
        calls.append(call)
        if len(calls) > 1:
            pods[0].answer(call)

    pods[0].behave = first_is_lost
    result = await run(plan_for(pods, total=10, concurrency=2, timeout_s=1))
    assert result.statuses == {"OK": 9, "DeadlineExceeded": 1}
    assert result.error_messages == {"rpc error: code = DeadlineExceeded desc = context deadline exceeded": 1}


async def test_stragglers_do_not_hold_up_the_end(pods: list[Any]) -> None:
    pods[0].behave = lambda _call: None
    result = await run(plan_for(pods, duration_s=0.5, concurrency=2, timeout_s=20, drain_s=0.1))
    assert (result.statuses, result.end_reason) == ({"Canceled": 2}, "timeout")


async def test_errors_are_counted_by_their_words(pods: list[Any]) -> None:
    pods[0].behave = lambda call: call.finish(7, f"no entry for {call.stream_id % 3}")
    result = await run(plan_for(pods, total=30, concurrency=1))
    assert (result.errors, result.statuses) == (30, {"PermissionDenied": 30})
    assert sorted(result.error_messages.values()) == [10, 10, 10]
    assert result.service.count == 0


async def test_distinct_errors_are_bounded(pods: list[Any]) -> None:
    pods[0].behave = lambda call: call.finish(13, f"at {call.stream_id}")
    result = await run(plan_for(pods, total=150, concurrency=1))
    assert len(result.error_messages) == 101
    assert result.error_messages["(other errors)"] == 50


async def test_goaway_loses_nothing(pods: list[Any]) -> None:
    def leave_after_50(call: ServerCall) -> None:
        pods[0].answer(call)
        if pods[0].served == 50:
            pods[0].server.sessions[0].drain()

    pods[0].behave = leave_after_50
    result = await run(plan_for(pods, total=300, concurrency=20))
    assert result.statuses == {"OK": 300}
    assert pods[0].served == 300
    assert result.connections[0].reconnects == 1


async def test_a_refused_call_is_sent_again(pods: list[Any]) -> None:
    def refuse_the_first(call: ServerCall) -> None:
        if call.stream_id == 1:
            pods[0].server.sessions[0].connection.reset_stream(call.stream_id, 7)
        else:
            pods[0].answer(call)

    pods[0].behave = refuse_the_first
    result = await run(plan_for(pods, total=10, concurrency=1))
    assert (result.statuses, result.retried, result.waited) == ({"OK": 10}, 1, 0)


async def test_a_call_that_is_always_refused_is_an_error(pods: list[Any]) -> None:
    def refuse(call: ServerCall) -> None:
        pods[0].server.sessions[0].connection.reset_stream(call.stream_id, 7)

    pods[0].behave = refuse
    result = await run(plan_for(pods, total=1, concurrency=1))
    assert (result.statuses, result.retried) == ({"Unavailable": 1}, 5)


async def test_a_server_that_comes_back_is_found_again(pods: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    enough, refused = asyncio.Event(), asyncio.Event()
    original = Engine.unreachable

    def unreachable(engine: Engine, reason: str) -> None:
        original(engine, reason)
        if any("connection refused" in text for text in engine.tally.messages):
            refused.set()

    def count(call: ServerCall) -> None:
        pods[0].answer(call)
        if pods[0].served == 50:
            enough.set()

    async def restart() -> None:
        await enough.wait()
        await pods[0].stop()
        await refused.wait()  # the outage lasts until a call has failed by it
        await pods[0].start()

    pods[0].behave = count
    monkeypatch.setattr(Engine, "unreachable", unreachable)
    async with asyncio.TaskGroup() as group:
        group.create_task(restart())
        result = await run(plan_for(pods, rps=500, total=300))
    assert result.count == 300
    assert result.statuses["OK"] + result.statuses["Unavailable"] == 300
    assert result.statuses["OK"] > 50
    assert result.connections[0].reconnects == 1


async def test_a_first_connection_that_fails_is_raised(pods: list[Any]) -> None:
    with pytest.raises(ConnectError, match="connection refused"):
        await run(plan_for(pods, total=1, targets=((HOST, pods[0].port), (HOST, 1)), connections=2))


async def test_stopping_gives_what_there_is(pods: list[Any]) -> None:
    stop = asyncio.Event()

    pods[0].call_at(100, stop.set)
    result = await run(plan_for(pods, duration_s=30, concurrency=1), stop=stop)
    assert result.end_reason == "cancel"
    assert result.errors == result.statuses.get("Canceled", 0) <= 1
    assert 100 <= result.count < 120
    assert result.elapsed_s < 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_and_what_was_out_counts(pods: list[Any], number: signal.Signals) -> None:
    told: list[int] = []
    pods[0].behave = lambda _call: signal.raise_signal(number)
    result = await run_interruptible(plan_for(pods, duration_s=30, concurrency=1), told=told.append)
    assert (result.end_reason, result.count, result.statuses, told) == ("cancel", 1, {"Canceled": 1}, [number])
    assert signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL)


async def test_a_stop_does_not_wait_for_connections(pods: list[Any]) -> None:
    stop = asyncio.Event()
    stop.set()
    with socket.create_server((HOST, 0)) as silent:
        targets = ((HOST, pods[0].port), silent.getsockname())
        with pytest.raises(ConnectError, match="interrupted before"):
            await run(plan_for(pods, total=1, targets=targets, connections=2, connect_timeout_s=60), stop=stop)


async def test_progress_is_told_once_a_second(pods: list[Any]) -> None:
    seen: list[Progress] = []
    stop = asyncio.Event()

    def tell(progress: Progress) -> None:
        seen.append(progress)
        stop.set()

    result = await run(plan_for(pods, rps=100, duration_s=30, on_progress=tell), stop=stop)
    (progress,) = seen
    assert 1 <= progress.elapsed_s <= result.elapsed_s
    # No call leaves early, so that the first second has no more than its own; what ends after it comes on top.
    assert 0 < progress.rps <= 100
    assert progress.rps <= progress.count <= result.count
    assert progress.p50_ns > 0
    assert result.response.count == result.count - result.errors


async def test_the_garbage_collector_rests_and_returns(pods: list[Any]) -> None:
    during: list[bool] = []

    def look(call: ServerCall) -> None:
        during.append(gc.isenabled())
        pods[0].answer(call)

    pods[0].behave = look
    async with asyncio.TaskGroup() as group:
        group.create_task(run(plan_for(pods, total=20, concurrency=2)))
        group.create_task(run(plan_for(pods, total=50, concurrency=2)))
    assert not any(during)
    assert gc.isenabled()


def test_the_same_on_uvloop(make_pod: Any) -> None:
    async def once() -> None:
        pod = make_pod()
        await pod.start()
        try:
            result = await run(plan_for([pod], rps=500, total=100, connections=2))
            assert (result.count, result.errors) == (100, 0)
        finally:
            await pod.stop()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(once())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "needs an end"),
        ({"total": 0}, "total must be at least 1"),
        ({"duration_s": 0}, "duration must be above 0 s"),
        ({"total": 1, "connections": 51}, r"number of connections \(51\)"),
        ({"total": 1, "timeout_s": 0}, "timeout must be above 0 s"),
    ],
)
def test_plans_that_cannot_be_run_say_why(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LoadPlan(**{"host": HOST, "port": 1, "path": "/t.T/Do", "message": b"", **changes})
