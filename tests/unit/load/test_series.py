"""Counts by second, of a run and of what is read around the turn of a second."""

import asyncio
from typing import Any

from gatelab.grpc_wire.server_session import ServerCall
from gatelab.load import Progress, Second, run
from gatelab.load.counting.seconds import SECOND_NS, Series, Tallied
from gatelab.load.counting.tally import Tally
from load_plans import plan_for


def ended(tally: Tally, at_s: float, took_ms: int) -> None:
    tally.ok(1_000 + int(at_s * SECOND_NS), took_ms * 1_000_000, took_ms * 1_000_000)


def series_of(tally: Tally, length: int = 0) -> tuple[Second, ...]:
    series = Series()
    for tallied in tally.take(None):
        series.add(tallied)
    return series.all(length)


def test_calls_belong_to_the_second_in_which_they_ended() -> None:
    tally = Tally(1_000, skip=1)
    for at_s in (0.1, 0.2, 0.999_999_999, 1.0, 0.999_999_998, 3.5):
        ended(tally, at_s, 2)
    tally.error(14, "gone", 1_000 + 4 * SECOND_NS)
    series = series_of(tally, 6)
    assert [(each.second, each.ok, each.errors) for each in series] == [
        (0, 3, 0),
        (1, 1, 0),
        (2, 0, 0),
        (3, 1, 0),
        (4, 0, 1),
        (5, 0, 0),
    ]
    assert (series[0].p50_ns, series[0].max_ns, series[2].p99_ns) == (2_000_000, 2_000_000, 0)
    assert (tally.count, tally.oks, tally.failures) == (6, 5, {14: 1})


def test_times_are_in_the_second_they_belong_to_however_many_there_are() -> None:
    tally = Tally(0, one_time=True)
    for number in range(1000):
        tally.ok(number * 3_000_000, number, number)
    first, second, third = series_of(tally)
    assert [each.ok for each in (first, second, third)] == [334, 333, 333]
    assert [(each.p50_ns, each.max_ns) for each in (first, second, third)] == [(166, 333), (500, 666), (833, 999)]


def test_times_of_errors_count_where_they_are_asked_for() -> None:
    tally = Tally(0, count_errors=True)
    tally.ok(1, 10, 20)
    tally.error(14, "gone", 2, (30, 40))
    assert (tally.count, tally.oks, tally.errors, tally.service.max_ns) == (2, 1, 1, 30)
    assert series_of(tally) == (Second(second=0, ok=1, errors=1, p50_ns=20, p99_ns=40, max_ns=40),)


def test_a_closed_loop_records_its_times_once() -> None:
    tally = Tally(0, one_time=True, count_errors=True)
    tally.ok(1, 10, 10)
    tally.error(14, "gone", 2, (30, 30))
    assert (tally.oks, tally.errors, tally.timed_errors, tally.service.count) == (1, 1, 1, 0)
    assert series_of(tally) == (Second(second=0, ok=1, errors=1, p50_ns=10, p99_ns=30, max_ns=30),)


def test_what_is_counted_after_its_second_was_taken_is_taken_later() -> None:
    tally, series = Tally(0), Series()
    for at_s in (0.5, 1.5):
        tally.ok(int(at_s * SECOND_NS), 5, 5)
    (first,) = tally.take(1)
    tally.ok(int(0.9 * SECOND_NS), 9, 9)
    for number, taken in ((1, [first]), (2, tally.take(2))):
        for tallied in taken:
            series.add(tallied)
        series.settle(number)
    assert [(each.ok, each.max_ns) for each in series.all(0)] == [(2, 9), (1, 5)]
    assert series.response.count == 3


def test_old_seconds_are_summaries_and_nothing_is_lost() -> None:
    series = Series()
    for number in range(10):
        series.add(counted(number, 4))
        series.settle(number + 1)
    assert len(series._open) == 2
    series.add(counted(3, 1))
    assert [each.ok for each in series.all(0)] == [4] * 8 + [5, 4]
    assert series.response.count == 41


def counted(number: int, calls: int) -> Tallied:
    tallied = Tallied(number)
    for _ in range(calls):
        tallied.response.record(7)
    return tallied


async def test_a_run_tells_of_all_its_seconds_and_of_late_answers(pods: list[Any]) -> None:
    seen: list[Progress] = []
    held: list[ServerCall] = []

    def late(call: ServerCall) -> None:
        pods[0].behave = pods[0].answer
        held.append(call)
        asyncio.get_running_loop().call_later(1.2, lambda: pods[0].answer(call))

    pods[0].behave = late
    plan = plan_for(pods, message=b"", rps=200, total=80, on_progress=seen.append)
    result = await run(plan)
    assert [each.second for each in result.series][:2] == [0, 1]
    assert sum(each.ok for each in result.series) == result.count == 80
    assert result.series[-1].max_ns > 1_150_000_000
    assert result.series[0].ok > 0
    assert seen[0].last is not None
    assert 0 < seen[0].last.ok == seen[0].rps <= seen[0].ok <= 79
    assert seen[0].pods == {"pod-0": seen[0].ok}
