"""Parts of several generators come to what one would have found that had made all the calls."""

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelab.load import Histogram, LoadPlan, LoadResult, Progress
from gatelab.load.counting.collector import Collector
from gatelab.load.counting.part import Connection, Part, Use
from gatelab.load.counting.seconds import SECOND_NS, Tallied
from gatelab.load.counting.tally import Tally
from gatelab.load.share import Share

PLAN = LoadPlan(
    host="h", port=1, path="/", message=b"", rps=10, duration_s=4, concurrency=50, connections=4, details_at_most=99
)


class Ended(NamedTuple):
    at_ns: int
    code: int
    service_ns: int
    waited_ns: int
    pod: int


calls = st.builds(
    Ended,
    at_ns=st.integers(0, 4 * SECOND_NS - 1),
    code=st.sampled_from([0, 0, 0, 14, 4]),
    service_ns=st.integers(0, 10**10),
    waited_ns=st.integers(0, 10**10),
    pod=st.integers(0, 2),
)


def told(ended: list[Ended], share: Share, looks: int) -> list[Part]:
    """The parts of a generator that made these calls, which is looked at so many times in between."""
    tally, parts = Tally(0, details_at_most=PLAN.details_at_most), []
    pods: dict[str, int] = {}
    lateness = Histogram()
    ended = sorted(ended)
    for step in range(looks + 1):
        upto = [each for each in ended if each.at_ns < (step + 1) * SECOND_NS or step == looks]
        for each in upto[tally.count :]:
            times_ns = each.service_ns, each.service_ns + each.waited_ns
            if each.code:
                tally.error(each.code, f"error {each.code}", each.at_ns, times_ns)
            else:
                tally.ok(each.at_ns, *times_ns)
            pods[f"pod-{each.pod}"] = pods.get(f"pod-{each.pod}", 0) + 1
            lateness.record(each.waited_ns)
        part = _part(tally, tally.take(None if step == looks else step + 1), lateness)
        part.settled, part.end = step, "normal" if step == looks else ""
        part.details = tally.details if part.end else []
        part.connections = [Connection(share.index, ("h", 1), tally.count, dict(pods), 0)]
        parts.append(part)
    return parts


def _part(tally: Tally, seconds: list[Tallied], lateness: Histogram) -> Part:
    return Part(
        begin_ns=0,
        last_ns=4 * SECOND_NS,
        ended_ns=4 * SECOND_NS,
        settled=0,
        oks=tally.oks,
        errors=tally.errors,
        timed_errors=tally.timed_errors,
        failures=dict(tally.failures),
        messages=dict(tally.messages),
        service=tally.service,
        seconds=seconds,
        connections=[],
        lateness=lateness,
        late=0,
        started=tally.count,
        waited=0,
        due=tally.count,
        unsent=0,
        retried=0,
        in_flight=1,
        waiting=0,
        use=Use(),
    )


def found(shares: list[list[Ended]], seen: list[Progress]) -> LoadResult:
    plan = replace(PLAN, workers=len(shares), on_progress=seen.append)
    collector = Collector(plan, 0)
    parts = [told(ended, Share(index, len(shares)), 3) for index, ended in enumerate(shares)]
    for step in range(4):
        for index, of in enumerate(parts):
            collector.take(index, of[step])
    return collector.result()


@settings(max_examples=50, deadline=None)
@given(st.lists(calls, max_size=40), st.integers(2, 4))
def test_the_whole_is_the_same_however_it_is_shared(ended: list[Ended], workers: int) -> None:
    seen_one: list[Progress] = []
    seen_many: list[Progress] = []
    one = found([ended], seen_one)
    many = found([ended[index::workers] for index in range(workers)], seen_many)
    for name in ("count", "errors", "statuses", "pods", "service", "response", "lateness", "series", "intended_rps"):
        assert getattr(many, name) == getattr(one, name), name
    assert dict(many.error_messages) == dict(one.error_messages)
    unix_ns = many.details[0].ended_ns - one.details[0].ended_ns if one.details else 0
    assert sorted(each._replace(ended_ns=each.ended_ns - unix_ns) for each in many.details) == sorted(one.details)
    assert [(each.count, each.last) for each in seen_many] == [(each.count, each.last) for each in seen_one]
    assert [each.in_flight for each in seen_many] == [workers * each.in_flight for each in seen_one]


def test_a_second_is_over_when_the_last_generator_has_told_it() -> None:
    seen: list[Progress] = []
    collector = Collector(replace(PLAN, workers=2, on_progress=seen.append), 0)
    ended = [Ended(second * SECOND_NS, 0, 5, 0, 0) for second in range(3)]
    quick, slow = (told(ended, Share(index, 2), 3) for index in range(2))
    for part in quick:
        collector.take(0, part)
    collector.take(1, slow[0])
    assert seen == []
    collector.take(1, slow[1])
    assert [each.last and (each.last.second, each.last.ok) for each in seen] == [(0, 2)]


def test_a_lost_generator_leaves_what_it_had_told() -> None:
    collector = Collector(replace(PLAN, workers=2), 0)
    ended = [Ended(SECOND_NS // 2, 0, 5, 0, 0), Ended(SECOND_NS * 3, 0, 7, 0, 0)]
    first, *_ = told(ended, Share(0, 2), 3)
    collector.take(0, first)
    for part in told(ended, Share(1, 2), 3):
        collector.take(1, part)
    result = collector.result(incomplete="worker 1 was ended")
    assert (result.count, result.end_reason, result.incomplete) == (3, "cancel", "worker 1 was ended")
    assert [each.ok for each in result.series] == [2, 0, 0, 1]


def test_nothing_told_is_nothing_found() -> None:
    result = Collector(PLAN, 0).result(incomplete="all were lost")
    assert (result.count, result.rps, result.end_reason) == (0, 0, "cancel")
    assert result.series == ()


@pytest.mark.parametrize(("of", "whole"), [(1, 7), (2, 7), (3, 7), (4, 3)])
def test_shares_deal_out_every_number_once(of: int, whole: int) -> None:
    shares = [Share(index, of) for index in range(of)]
    numbers = [share.number(mine) for share in shares for mine in range(share.part(whole))]
    assert sorted(numbers) == list(range(whole))
