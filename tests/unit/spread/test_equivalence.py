import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.spread import assess, finest_bound, needed_sample


def test_round_robin_of_a_thousand_over_five_passes() -> None:
    found = assess([200, 200, 201, 199, 200])
    assert found.result == "pass"
    assert found.sentence == "every pod's share is within ±20% of an even 1/5 (95% confidence, 1000 requests)"


def test_everything_on_one_pod_fails_when_requests_are_the_unit() -> None:
    found = assess([1000, 0, 0, 0, 0])
    assert found.result == "fail"
    assert "one of 5 pods got 1000 of 1000 requests, where an even share is 200 ±20%" in found.sentence


def test_one_connection_tells_nothing() -> None:
    found = assess([1, 0, 0, 0, 0], unit="connection")
    assert found.result == "inconclusive"
    assert found.sentence.startswith("1 connection cannot tell")
    assert str(found.needed) in found.sentence


@pytest.mark.parametrize("pods", [1, 2, 5, 30])
def test_the_needed_sample_is_the_edge(pods: int) -> None:
    needed = needed_sample(pods)
    rounded = -(-needed // pods)
    assert assess([rounded + 1] * pods).result == "pass"
    assert assess([max(0, rounded - 2)] * pods).result == "inconclusive"


def test_the_needed_sample_grows_with_what_is_asked() -> None:
    assert needed_sample(5, bound=0.1) > 3 * needed_sample(5, bound=0.2)
    assert needed_sample(5, confidence=0.99) > needed_sample(5, confidence=0.95)
    assert needed_sample(10) > needed_sample(5)


def test_the_finest_bound_is_what_the_sample_can_show() -> None:
    assert finest_bound(5, needed_sample(5, bound=0.2)) == 0.2
    assert finest_bound(5, needed_sample(5, bound=0.2) - 1) == 0.21
    assert finest_bound(5, 1) == 1.0
    assert assess([60] * 5, bound=finest_bound(5, 300)).result == "pass"


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=10), st.floats(0.05, 0.5))
def test_is_total_and_consistent(counts: list[int], bound: float) -> None:
    found = assess(counts, bound=bound)
    low, high = found.allowed
    inside = [low <= a and b <= high for a, b in found.intervals]
    assert (found.result == "pass") == all(inside)
    if sum(counts):
        assert all(a - 1e-9 <= n / sum(counts) <= b + 1e-9 for n, (a, b) in zip(counts, found.intervals, strict=True))
    assert assess(list(reversed(counts)), bound=bound).result == found.result


def test_random_choice_outside_the_bound_seldom_passes() -> None:
    """The risk of the test: at a true share on the edge of the bound it passes in no more than 5 % of runs."""
    generator = random.Random(7)
    weights = [1.2, 0.95, 0.95, 0.95, 0.95]
    passes = 0
    for _ in range(200):
        drawn = generator.choices(range(5), weights, k=1500)
        passes += assess([drawn.count(pod) for pod in range(5)]).result == "pass"
    assert passes <= 10


@pytest.mark.parametrize(("bound", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.2, 1.0), (0.2, 0.0)])
def test_refuses_what_means_nothing(bound: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="within"):
        assess([1, 2], bound=bound, confidence=confidence)


def test_refuses_no_pods() -> None:
    with pytest.raises(ValueError, match="no pod"):
        assess([])
