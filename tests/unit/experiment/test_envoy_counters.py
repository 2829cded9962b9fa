"""Envoy's counters as an Envoy of ours answers them, and sums of readings that must come to what was sent."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoy_answers import clusters
from gatelab.experiment.envoys.counters import EnvoyTally, Reading, reading

SHOP, CANARY = "shop/till:80", "shop/till-canary:80"
A, B, C = ("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.3", 80)
Endpoint = tuple[str, tuple[str, int]]


STATS = b"""# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="shop/till_80"} 30
envoy_cluster_upstream_rq_total{envoy_cluster_name="shop/till_80/http1"} 4
envoy_cluster_upstream_rq_total{envoy_cluster_name="shop/till_8080"} 1000
envoy_cluster_upstream_rq_total{envoy_cluster_name="shop/till-canary_80"} 7
# TYPE envoy_server_concurrency gauge
envoy_server_concurrency{} 2
"""


def test_a_reading_has_the_wanted_backends_only() -> None:
    body = clusters(**{SHOP: {A: 10, B: 20}, f"{SHOP}/http1": {A: 4}, "shop/till:8080": {A: 1000}, CANARY: {C: 0}})
    found = reading(body, STATS, [SHOP, CANARY])
    assert found.endpoints == {(SHOP, A): 14, (SHOP, B): 20, (CANARY, C): 0}
    assert (found.totals, found.workers) == ({SHOP: 34, CANARY: 7}, 2)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"404 page not found"])
def test_what_is_no_envoy_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"cluster_statuses|Expecting|Extra data"):
        reading(body, b"", [SHOP])


def at(total: int, endpoints: Mapping[tuple[str, int], int]) -> Reading:
    return Reading({(SHOP, address): count for address, count in endpoints.items()}, {SHOP: total}, 1)


def counted(tally: EnvoyTally) -> dict[tuple[str, int], int]:
    return {address: count for (_, address), count in tally.counts.items()}


def test_only_what_came_after_the_start_counts() -> None:
    tally = EnvoyTally()
    tally.start(at(30, {A: 10, B: 20}))
    tally.add(at(45, {A: 15, B: 30}))
    tally.finish()
    assert (counted(tally), tally.unattributed) == ({A: 5, B: 10}, {})


def test_a_removed_endpoint_keeps_what_no_reading_has_seen() -> None:
    tally = EnvoyTally()
    tally.start(at(0, {A: 0, B: 0}))
    tally.add(at(20, {A: 10, B: 10}))
    tally.add(at(47, {B: 30}))
    tally.finish()
    assert (counted(tally), tally.unattributed) == ({A: 17, B: 30}, {})


def test_a_reading_under_load_comes_right_with_the_next() -> None:
    """The total was read a moment earlier than the endpoints, or later."""
    for total in (40, 50):
        tally = EnvoyTally()
        tally.start(at(0, {A: 0, B: 0}))
        tally.add(at(20, {A: 10, B: 10}))
        tally.add(at(total, {B: 30}))
        tally.add(at(60, {B: 43}))
        tally.finish()
        assert (counted(tally), tally.unattributed) == ({A: 17, B: 43}, {}), total


def test_two_that_went_together_are_not_guessed() -> None:
    tally = EnvoyTally()
    tally.start(at(0, {A: 0, B: 0, C: 0}))
    tally.add(at(30, {A: 10, B: 10, C: 10}))
    tally.add(at(50, {C: 18}))
    tally.finish()
    assert (counted(tally), tally.unattributed) == ({A: 10, B: 10, C: 18}, {SHOP: 12})


def test_an_endpoint_that_went_and_came_back_begins_anew() -> None:
    tally = EnvoyTally()
    tally.start(at(20, {A: 10, B: 10}))
    tally.add(at(36, {A: 3, B: 20}))
    tally.finish()
    assert (counted(tally), tally.resets, tally.unattributed) == ({A: 6, B: 10}, 1, {})


def test_an_envoy_that_began_later_counts_from_its_first_request() -> None:
    tally = EnvoyTally()
    tally.add(at(12, {A: 5, B: 7}))
    tally.finish()
    assert counted(tally) == {A: 5, B: 7}


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("ABCD"), max_size=30),
            st.sampled_from(["", "-A", "-B", "+A", "+B", "-C+D", "-AB"]),
            st.lists(st.sampled_from("ABCD"), max_size=30),
        ),
        max_size=8,
    )
)
def test_nothing_is_lost_and_nothing_is_made_up(steps: list[tuple[list[str], str, list[str]]]) -> None:
    """Between two readings: requests, endpoints that go or come, requests. The sum is always what was sent, and no
    endpoint that was there throughout, or was alone in going, has a request too many or too few.
    """
    live = dict.fromkeys("ABC", 5)
    total, sent, together = 15, dict.fromkeys("ABCD", 0), set[str]()
    tally = EnvoyTally()

    def now() -> Reading:
        return at(total, {(name, 80): count for name, count in live.items()})

    tally.start(now())
    for before, change, after in steps:
        seen = dict(live)
        for requests in (before, None, after):
            if requests is None:
                gone, _, come = change.lstrip("-").partition("+") if change.startswith("-") else ("", "", change[1:])
                for name in gone:
                    live.pop(name, None)
                for name in come:
                    live.setdefault(name, 0)
                continue
            for name in requests:
                if name in live:
                    live[name] += 1
                    sent[name] += 1
                    total += 1
        lost = {name for name in seen if name not in live or live[name] < seen[name]}
        together |= lost if len(lost) > 1 else set()
        tally.add(now())
    tally.finish()
    found = {name: counted(tally).get((name, 80), 0) for name in "ABCD"}
    assert sum(found.values()) + sum(tally.unattributed.values()) == sum(sent.values())
    if not together:
        assert found == sent
    for name in set("ABCD") - together:
        assert found[name] == sent[name]
