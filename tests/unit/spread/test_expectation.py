import itertools
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.spread import expect, expectation


@pytest.mark.parametrize(("connections", "pods"), [(1, 5), (2, 2), (3, 4), (5, 5), (6, 3), (4, 1)])
def test_agrees_with_counting_every_outcome(connections: int, pods: int) -> None:
    outcomes = [Counter(each) for each in itertools.product(range(pods), repeat=connections)]
    found = expect(connections, pods)
    for k in range(pods + 1):
        share = Fraction(sum(1 for each in outcomes if len(each) == k), len(outcomes))
        assert found.pods_hit[k] == pytest.approx(float(share))
    largest = Fraction(sum(max(each.values()) for each in outcomes), len(outcomes) * connections)
    assert found.mean_largest_share == pytest.approx(float(largest))


@given(st.integers(1, 120), st.integers(1, 20))
def test_is_a_distribution_with_its_mean(connections: int, pods: int) -> None:
    found = expect(connections, pods)
    assert sum(found.pods_hit) == pytest.approx(1)
    assert sum(k * p for k, p in enumerate(found.pods_hit)) == pytest.approx(found.mean_pods_hit)
    assert 1 / pods - 1e-9 <= found.mean_largest_share <= 1 + 1e-9


def test_the_approximation_of_many_connections_meets_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    approximate = expect(60, 5).mean_largest_share
    monkeypatch.setattr(expectation, "EXACT_CONNECTIONS", 60)
    assert approximate == pytest.approx(expect(60, 5).mean_largest_share, rel=0.03)


def test_says_it_in_a_sentence() -> None:
    assert expect(1, 5).sentence == "1 connection over 5 pods at L4: one pod is expected to get everything"
    assert "3.36 pods expected to be hit (all of them in 3.8% of runs)" in expect(5, 5).sentence


@pytest.mark.parametrize(("connections", "pods"), [(0, 5), (5, 0)])
def test_refuses_nothing_over_something(connections: int, pods: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        expect(connections, pods)
