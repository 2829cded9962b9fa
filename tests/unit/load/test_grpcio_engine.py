"""The same plans by grpcio: counts must be those of the native engine, times may be longer."""

import asyncio
from collections.abc import Iterator
from concurrent import futures
from functools import partial
from typing import Any

import grpc
import pytest

import load_plans
from gatelab.grpc_wire import ConnectError
from gatelab.grpc_wire.server_session import ServerCall
from gatelab.load import LoadPlan, Progress, Request, StreamPlan, run
from gatelab.load.grpcio.generator import REMARK
from load_plans import HOST

plan_for = partial(load_plans.plan_for, timeout_s=30, connect_timeout_s=5, engine="grpcio")


async def test_a_closed_loop_makes_exactly_its_total(pods: list[Any]) -> None:
    targets = tuple((HOST, pod.port) for pod in pods)
    result = await run(plan_for(pods, total=100, concurrency=6, connections=3, targets=targets))
    assert (result.count, result.errors, result.statuses) == (100, 0, {"OK": 100})
    assert [each.count for each in result.connections] == [34, 33, 33]
    assert result.pods == {"pod-0": 67, "pod-1": 33} == {pod.name: pod.served for pod in pods}
    assert result.service.count == result.response.count == 100
    assert result.remarks == (REMARK,)


async def test_a_rate_is_kept_and_told_of(pods: list[Any]) -> None:
    seen: list[Progress] = []
    result = await run(plan_for(pods, rps=100, duration_s=2, warm_up_s=0.2, on_progress=seen.append))
    assert result.count + result.unsent == 200
    assert [each.second for each in result.series][:2] == [0, 1]
    assert sum(each.ok for each in result.series) == result.count
    assert result.warm_up is not None
    assert 0 < result.warm_up.count <= 20
    assert seen


async def test_errors_have_the_servers_words(pods: list[Any]) -> None:
    pods[0].behave = lambda call: call.finish(7, "no entry")
    result = await run(plan_for(pods, total=3, concurrency=1))
    assert result.error_messages == {"rpc error: code = PermissionDenied desc = no entry": 3}


async def test_requests_are_made_for_each_call(pods: list[Any]) -> None:
    callers: list[tuple[int, str]] = []

    def make(number: int, caller: str) -> Request:
        callers.append((number, caller))
        return Request((b"",), (("x-n", str(number)),))

    result = await run(plan_for(pods, total=4, concurrency=1, source=make))
    assert (result.errors, callers) == (0, [(number, "g0c0") for number in range(4)])


async def test_slow_calls_time_out_and_hold_up_the_next(pods: list[Any]) -> None:
    pods[0].behave = lambda _call: None
    result = await run(plan_for(pods, rps=100, duration_s=0.3, concurrency=3, timeout_s=0.05))
    assert result.statuses.keys() == {"DeadlineExceeded"}
    assert result.unsent > 0
    assert result.count + result.unsent == 30


async def test_stragglers_do_not_hold_up_the_end(pods: list[Any]) -> None:
    pods[0].behave = lambda _call: None
    for at_end, statuses, reason in (
        ("wait", {"Canceled": 2}, "timeout"),
        ("close", {"Unavailable": 2}, "normal"),
        ("ignore", {}, "normal"),
    ):
        plan = plan_for(pods, duration_s=0.4, concurrency=2, timeout_s=20, drain_s=0.1, at_end=at_end)
        result = await run(plan)
        assert (result.statuses, result.end_reason) == (statuses, reason)


async def test_stopping_gives_what_there_is(pods: list[Any]) -> None:
    stop = asyncio.Event()

    def stop_at_20(call: ServerCall) -> None:
        if pods[0].served < 20:
            pods[0].answer(call)
        else:
            stop.set()

    pods[0].behave = stop_at_20
    result = await run(plan_for(pods, duration_s=30, concurrency=1), stop=stop)
    assert (result.end_reason, result.statuses) == ("cancel", {"OK": 20, "Canceled": 1})


async def test_where_there_is_nothing_to_connect_to(pods: list[Any]) -> None:
    with pytest.raises(ConnectError, match="onnection refused"):
        await run(plan_for(pods, total=1, targets=((HOST, pods[0].port), (HOST, 1)), connections=2))


@pytest.fixture
def streams() -> Iterator[int]:
    """The port of a server that counts what comes, and one that counts up to a thousand."""

    def gather(messages: Iterator[bytes], _context: Any) -> bytes:
        return str(sum(1 for _ in messages)).encode()

    def count(_message: bytes, context: Any) -> Iterator[bytes]:
        context.send_initial_metadata((("x-pod-name", "counter"),))
        yield from (b"" for _ in range(1000))

    def echo(messages: Iterator[bytes], _context: Any) -> Iterator[bytes]:
        yield from messages

    handlers = {
        "Gather": grpc.stream_unary_rpc_method_handler(gather),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Echo": grpc.stream_stream_rpc_method_handler(echo),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s.S", handlers),))
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    yield port
    server.stop(None).wait(5)


@pytest.mark.parametrize("engine", ["native", "grpcio"])
@pytest.mark.parametrize(
    ("method", "stream"),
    [
        ("Gather", StreamPlan(client_streaming=True, server_streaming=False, interval_s=0.001)),
        ("Count", StreamPlan(client_streaming=False, server_streaming=True, receive_count=5)),
        ("Count", StreamPlan(client_streaming=False, server_streaming=True)),
        ("Echo", StreamPlan(client_streaming=True, server_streaming=True)),
    ],
)
async def test_streams_as_by_the_native_engine(streams: int, engine: str, method: str, stream: StreamPlan) -> None:
    plan = LoadPlan(
        host=HOST,
        port=streams,
        path=f"/s.S/{method}",
        message=b"",
        source=(lambda _number, _caller: Request((b"a", b"b", b"c"))) if stream.client_streaming else None,
        stream=stream,
        total=4,
        concurrency=2,
        engine=engine,  # type: ignore[arg-type]
    )
    result = await run(plan)
    assert (result.statuses, result.error_messages) == ({"OK": 4}, {})
    assert result.pods == ({"counter": 4} if method == "Count" else {})
