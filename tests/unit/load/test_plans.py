"""What a plan may ask for beside a rate: requests of their own, streams, ends, changing concurrency."""

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import load_plans
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.server import Server
from gatelab.grpc_wire.server_session import ServerCall
from gatelab.grpc_wire.status import StatusCode
from gatelab.load import Callers, LoadPlan, LoadResult, Poisson, Request, RequestError, StreamPlan, run
from gatelab.load.native.streams import MessageCounter
from load_plans import HOST

plan_for = partial(load_plans.plan_for, timeout_s=30)


async def test_each_call_may_have_a_request_of_its_own(pods: list[Any]) -> None:
    asked: list[tuple[int, str]] = []

    def source(number: int, caller: str) -> Request:
        asked.append((number, caller))
        return Request((b"m",), (("x-number", str(number)),))

    result = await run(plan_for(pods, source=source, total=20, concurrency=2, connections=2))
    assert (result.count, result.errors) == (20, 0)
    assert [number for number, _ in asked] == list(range(20))
    assert {caller[0:2] for _, caller in asked} == {"g0", "g1"}
    assert {caller[2:] for _, caller in asked} == {"c0", "c1"}


async def test_a_request_that_cannot_be_made_is_a_call_that_failed(pods: list[Any]) -> None:
    def source(number: int, _caller: str) -> Request:
        if number % 2:
            raise RequestError("odd", StatusCode.INVALID_ARGUMENT)
        return Request((b"m",))

    result = await run(plan_for(pods, source=source, total=10, concurrency=3))
    assert (result.statuses, pods[0].served) == ({"OK": 5, "InvalidArgument": 5}, 5)


async def test_too_long_a_message_is_not_sent(pods: list[Any]) -> None:
    result = await run(plan_for(pods, source=lambda *_: Request((b"12345",)), total=2, max_send_bytes=4))
    assert list(result.error_messages) == [
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max (5 vs. 4)"
    ]


async def test_the_first_calls_may_be_left_out_and_details_kept(pods: list[Any]) -> None:
    result = await run(plan_for(pods, total=50, skip_first=20, details_at_most=10))
    assert (result.count, result.pods, result.service.count) == (30, {"pod-0": 30}, 30)
    assert (len(result.details), {each.status for each in result.details}) == (10, {"OK"})
    assert result.started * 1e9 <= result.details[0].ended_ns <= (result.started + result.elapsed_s + 1) * 1e9


@pytest.mark.parametrize("counted", [True, False])
async def test_times_of_failed_calls_count_when_asked(pods: list[Any], counted: bool) -> None:
    pods[0].behave = lambda call: call.finish(StatusCode.NOT_FOUND, "no")
    result = await run(plan_for(pods, total=7, count_errors=counted, details_at_most=10))
    assert (result.errors, result.service.count) == (7, 7 if counted else 0)
    assert {(each.status, each.error) for each in result.details} == {
        ("NotFound", "rpc error: code = NotFound desc = no")
    }


@pytest.mark.parametrize(("at_end", "statuses"), [("close", {"Unavailable": 3}), ("ignore", {})])
async def test_calls_in_flight_at_the_end_may_be_cut_off(
    pods: list[Any], at_end: str, statuses: dict[str, int]
) -> None:
    pods[0].behave = lambda _call: None
    result = await run(plan_for(pods, duration_s=0.5, concurrency=3, at_end=at_end))
    assert (result.statuses, result.end_reason) == (statuses, "normal")


async def test_concurrency_changes_with_time(pods: list[Any]) -> None:
    held: list[ServerCall] = []
    pods[0].behave = held.append
    callers = Callers(start=1, step=2, step_s=0.05, end=5)
    await run(plan_for(pods, duration_s=0.8, callers=callers, at_end="ignore"))
    assert len(held) == 5


def test_schedules_of_concurrency() -> None:
    up = Callers(start=5, step=10, step_s=2, end=30)
    assert list(up.changes()) == [(0.0, 5), (2, 15), (4, 25), (6, 30)]
    assert list(Callers(start=3, step=-1, end=1).changes()) == [(0.0, 3), (1, 2), (2, 1)]
    assert list(Callers(start=1, step=1, max_s=3).changes()) == [(0.0, 1), (1, 2), (2, 3)]
    assert list(Callers(start=1, step=1, end=9, max_s=2).changes())[-1] == (2, 9)
    assert list(Callers(start=3, step=-2).changes()) == [(0.0, 3), (1, 1)]
    assert len(list(itertools.islice(Callers(start=1, step=1).changes(), 100))) == 100


@pytest.mark.parametrize(
    "wrong",
    [{"start": 0}, {"end": 2}, {"step": 0}, {"step_s": 0}, {"start": 5, "end": 3}],
)
def test_no_schedule_of_concurrency(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        Callers(**{"start": 2, "step": 1, **wrong})


def test_arrivals_by_chance_have_the_rate_and_one_time_each() -> None:
    arrivals = Poisson(1000, seed=1)
    times = [arrivals.at_ns(number) or 0 for number in range(10_000)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(10e9, rel=0.05)
    pauses = [(b - a) / 1e6 for a, b in itertools.pairwise(times)]
    mean = sum(pauses) / len(pauses)
    deviation = (sum((pause - mean) ** 2 for pause in pauses) / len(pauses)) ** 0.5
    assert deviation == pytest.approx(mean, rel=0.05)
    assert arrivals.at_ns(5) == times[5]


async def test_an_open_loop_may_be_paced_by_chance(pods: list[Any]) -> None:
    result = await run(plan_for(pods, schedule=Poisson(500, seed=2), total=100))
    assert (result.count, result.errors, result.unsent) == (100, 0, 0)


async def test_compressed_requests(pods: list[Any]) -> None:
    result = await run(plan_for(pods, message=b"x" * 1000, total=3, gzip=True, keepalive_s=0.01))
    assert result.statuses == {"OK": 3}


class Reader:
    """A receiver that notes what it hears, and answers at the end with so many messages."""

    def __init__(self, call: ServerCall, answers: int, heard: list[list[bytes]]) -> None:
        self.call = call
        self.answers = answers
        self.messages: list[bytes] = []
        heard.append(self.messages)

    def on_message(self, message: bytes) -> None:
        self.messages.append(message)
        if message == b"enough":
            self.call.finish()

    def on_end(self) -> None:
        for _ in range(self.answers):
            self.call.send(b"12")
        if self.answers < 100:
            self.call.finish()

    def on_cancel(self) -> None:
        self.messages.append(b"cancelled")


async def streamed(answers: int, **changes: Any) -> tuple[LoadResult, list[list[bytes]]]:
    """The result of a run against a streaming server, and the messages of each call. 100 answers have no end."""
    heard: list[list[bytes]] = []
    server = Server({b"/t.T/Do": lambda call: Reader(call, answers, heard)})
    port = await server.listen(HOST, 0)
    fields: dict[str, Any] = {"host": HOST, "port": port, "path": "/t.T/Do", "message": b"", "total": 4, **changes}
    try:
        return await run(LoadPlan(**fields)), heard
    finally:
        await server.close()


def client_stream(**changes: Any) -> StreamPlan:
    return StreamPlan(**{"client_streaming": True, "server_streaming": False, **changes})


async def test_a_client_stream_sends_all_its_messages() -> None:
    result, heard = await streamed(1, source=lambda *_: Request((b"a", b"b", b"c")), stream=client_stream())
    assert (result.statuses, heard) == ({"OK": 4}, [[b"a", b"b", b"c"]] * 4)


async def test_messages_wait_for_the_interval() -> None:
    plan = client_stream(interval_s=0.02)
    request = Request((b"a", b"b", b"c"))
    result, heard = await streamed(1, source=lambda *_: request, stream=plan, concurrency=1)
    assert (result.errors, heard) == (0, [[b"a", b"b", b"c"]] * 4)
    assert result.elapsed_s >= 4 * 2 * 0.02 - 0.001


async def test_a_client_stream_ends_after_its_time() -> None:
    plan = client_stream(interval_s=0.01, call_duration_s=0.05, server_streaming=True)
    result, heard = await streamed(1, source=lambda *_: Request(itertools.repeat(b"a")), stream=plan)
    assert (result.statuses, 1 <= len(heard[0]) < 50) == ({"OK": 4}, True)


async def test_a_long_client_stream_waits_for_the_window() -> None:
    messages = tuple(b"%6d" % number * 1000 for number in range(200))
    result, heard = await streamed(1, source=lambda *_: Request(messages), stream=client_stream(), total=2)
    assert (result.statuses, heard) == ({"OK": 2}, [list(messages)] * 2)


async def test_a_message_that_cannot_be_made_ends_its_stream() -> None:
    def messages() -> Iterator[bytes]:
        yield b"a"
        raise RequestError("no more")

    result, _ = await streamed(1, source=lambda *_: Request(messages()), stream=client_stream())
    assert list(result.error_messages) == ["rpc error: code = Internal desc = no more"]


@pytest.mark.parametrize("answered", [True, False])
async def test_a_server_that_has_enough_ends_a_client_stream(answered: bool) -> None:
    first = [b"a"] if answered else []
    messages = itertools.chain(first, itertools.repeat(b"enough"))
    plan = client_stream(interval_s=0.001, server_streaming=True)
    result, _ = await streamed(1, source=lambda *_: Request(messages), stream=plan, total=2)
    assert result.statuses == {"OK": 2}
    assert result.elapsed_s < 5


@pytest.mark.parametrize("limit", [{"receive_count": 3}, {"call_duration_s": 0.05}])
async def test_a_servers_stream_ends_when_the_client_has_enough(limit: dict[str, Any]) -> None:
    plan = StreamPlan(client_streaming=False, server_streaming=True, **limit)
    result, heard = await streamed(100, stream=plan, concurrency=2)
    assert (result.statuses, len(heard)) == ({"OK": 4}, 4)


async def test_a_servers_stream_is_read_to_its_end() -> None:
    plan = StreamPlan(client_streaming=False, server_streaming=True)
    result, heard = await streamed(20, stream=plan)
    assert (result.statuses, heard) == ({"OK": 4}, [[b""]] * 4)


async def test_too_long_a_message_is_not_received() -> None:
    result, _ = await streamed(2, max_receive_bytes=1)
    assert list(result.error_messages) == [
        "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (2 vs. 1)"
    ]


def test_messages_are_counted_wherever_they_are_cut() -> None:
    data = framed(b"abc") + framed(b"") + framed(b"x" * 300)
    for size in (1, 2, 3, 7, 1000):
        counter = MessageCounter(300)
        assert [counter.feed(data[at : at + size]) for at in range(0, len(data), size)].count(None) > 0
        assert counter.count == 3
    assert MessageCounter(299).feed(data) == 300
