"""Counts by second, of a run and of what is read around the turn of a second."""

import asyncio
from typing import Any

from gatelab.grpc_wire.server_session import ServerCall
from gatelab.load import LoadPlan, Progress, Second, run
from gatelab.load.seconds import SECOND_NS, Seconds, Tallied
from gatelab.load.tally import Tally

HOST = "127.27.0.4"


def ended(tally: Tally, at_s: float, took_ms: int) -> None:
    tally.ok(1_000 + int(at_s * SECOND_NS), took_ms * 1_000_000, took_ms * 1_000_000)


def test_calls_belong_to_the_second_in_which_they_ended() -> None:
    tally = Tally(skip=1)
    tally.begin(1_000)
    for at_s in (0.1, 0.2, 0.999_999_999, 1.0, 0.999_999_998, 3.5):
        ended(tally, at_s, 2)
    tally.error(14, "gone", 1_000 + 4 * SECOND_NS)
    series = tally.seconds.series(0)
    assert [(each.second, each.ok, each.errors) for each in series] == [
        (0, 3, 0),
        (1, 1, 0),
        (2, 0, 0),
        (3, 1, 0),
        (4, 0, 1),
    ]
    assert (series[0].p50_ns, series[0].max_ns, series[2].p99_ns) == (2_000_000, 2_000_000, 0)
    assert (tally.count, tally.by_name()) == (6, {"OK": 5, "Unavailable": 1})


def test_times_of_errors_count_where_they_are_asked_for() -> None:
    tally = Tally(count_errors=True)
    tally.begin(0)
    tally.ok(1, 10, 20)
    tally.error(14, "gone", 2, (30, 40))
    assert (tally.count, tally.oks, tally.errors) == (2, 1, 1)
    assert (tally.service.max_ns, tally.seconds.all_responses().max_ns) == (30, 40)
    assert tally.seconds.series(0) == (Second(second=0, ok=1, errors=1, p50_ns=20, p99_ns=40, max_ns=40),)


def test_seconds_without_a_call_are_there_too() -> None:
    seconds = Seconds()
    seconds.at(1).response.record(5)
    seconds.at(9).errors += 1
    assert seconds.look(1).ok == 1
    assert seconds.all_responses().count == 1
    assert [(each.ok, each.errors) for each in seconds.series(12)] == [(0, 0), (1, 0), *[(0, 0)] * 7, (0, 1)] + [
        (0, 0)
    ] * 2


def test_a_closed_second_is_handed_on_whole() -> None:
    closed: list[Tallied] = []
    seconds = Seconds(closed.append)
    for number in (0, 1, 2, 1):
        seconds.at(number).response.record(number)
    assert [each.second for each in closed] == [0]
    seconds.series(0)
    assert [(each.second, each.ok) for each in closed] == [(0, 1), (1, 2), (2, 1)]


async def test_a_run_tells_of_all_its_seconds_and_of_late_answers(pods: list[Any]) -> None:
    seen: list[Progress] = []
    held: list[ServerCall] = []

    def late(call: ServerCall) -> None:
        pods[0].behave = pods[0].answer
        held.append(call)
        asyncio.get_running_loop().call_later(1.2, lambda: pods[0].answer(call))

    pods[0].behave = late
    plan = LoadPlan(
        host=HOST, port=pods[0].port, path="/t.T/Do", message=b"", rps=200, duration_s=0.4, on_progress=seen.append
    )
    result = await run(plan)
    assert [each.second for each in result.series] == [0, 1]
    assert sum(each.ok for each in result.series) == result.count == 80
    assert (result.series[1].ok, result.series[0].errors) == (1, 0)
    assert result.series[1].max_ns > 1_150_000_000 > result.series[0].max_ns
    assert seen[0].last is not None
    assert (seen[0].last.ok, seen[0].rps, seen[0].ok) == (79, 79.0, 79)
    assert seen[0].pods == {"pod-0": 79}
