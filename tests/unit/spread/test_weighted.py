import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.spread import assess, assess_shares, likely_sample, needed_for, needed_sample

CANARY = {"stable": 0.9, "canary": 0.1}


def test_a_canary_by_its_weight_passes() -> None:
    found = assess_shares({"stable": 9000, "canary": 1000}, CANARY, what="backend")
    assert found.result == "pass"
    assert found.sentence.startswith("every backend's share is within ±20% of the one that its weight gives it (95%")


def test_a_canary_that_gets_too_much_fails_and_is_named() -> None:
    found = assess_shares({"stable": 8000, "canary": 2000}, CANARY)
    assert found.result == "fail"
    assert "canary got 20.0% of 10000 requests" in found.sentence
    assert "its weight gives it 10.0% ±20%" in found.sentence


def test_too_few_say_how_many_are_needed() -> None:
    found = assess_shares({"stable": 90, "canary": 10}, CANARY)
    assert found.result == "inconclusive"
    assert found.sentence.endswith(f"a spread by weight needs {found.needed} at least")


def test_a_weight_of_zero_allows_no_request() -> None:
    expected = {"on": 1.0, "off": 0.0}
    assert assess_shares({"on": 5000}, expected).result == "pass"
    assert assess_shares({"on": 5000, "off": 1}, expected).result == "fail"
    assert assess_shares({"on": 5000, "unknown": 1}, expected).result == "fail"


def test_the_interval_is_wilsons_closed_form() -> None:
    """One share of 1 in 10 at z = 1.96, two intervals at once at 95 % (z = 2.2414): the score equation's roots."""
    found = {each.name: each for each in assess_shares({"stable": 90, "canary": 10}, CANARY).shares}
    low, high = found["canary"].interval
    z = 2.241402727604947
    for root in (low, high):
        assert math.isclose(abs(0.1 - root), z * math.sqrt(root * (1 - root) / 100), rel_tol=1e-9)
    assert found["stable"].interval == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("expected", [(0.9, 0.1), (0.5, 0.5), (0.99, 0.01), (1.0,), (0.2, 0.3, 0.5)])
def test_the_needed_sample_is_the_edge(expected: tuple[float, ...]) -> None:
    needed = needed_for(expected)
    smallest = min(expected)
    names = {str(index): share for index, share in enumerate(expected)}

    def result(units: int) -> str:
        counts = {name: round(share * units) for name, share in names.items()}
        return assess_shares(counts, names).result

    assert result(needed + math.ceil(3 / smallest)) == "pass"
    if needed > 3 / smallest:
        assert result(needed - math.ceil(3 / smallest)) == "inconclusive"


@given(st.integers(1, 30), st.floats(0.05, 0.5), st.floats(0.8, 0.99))
def test_even_weights_need_what_an_even_spread_needs(pods: int, bound: float, confidence: float) -> None:
    assert needed_for([1 / pods] * pods, bound=bound, confidence=confidence) == pytest.approx(
        needed_sample(pods, bound=bound, confidence=confidence), abs=1
    )


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8), st.floats(0.05, 0.5))
def test_even_weights_are_judged_as_an_even_spread(counts: list[int], bound: float) -> None:
    named = {f"pod-{index}": count for index, count in enumerate(counts)}
    found = assess_shares(named, dict.fromkeys(named, 1 / len(named)), bound=bound)
    assert found.result == assess(counts, bound=bound).result
    for each in found.shares:
        if found.units:
            assert each.interval[0] - 1e-9 <= each.share <= each.interval[1] + 1e-9


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.integers(1, 50))
def test_proportional_counts_never_fail(weights: list[int], times: int) -> None:
    total = sum(weights)
    expected = {str(index): weight / total for index, weight in enumerate(weights)}
    counts = {str(index): weight * times for index, weight in enumerate(weights)}
    assert assess_shares(counts, expected).result != "fail"


@pytest.mark.parametrize("expected", [(0.9, 0.1), (0.5, 0.5), (0.2, 0.3, 0.5)])
def test_the_likely_sample_mostly_gives_a_verdict(expected: tuple[float, ...]) -> None:
    """Drawn by the very shares, at least 9 of 10 runs of that size pass; far fewer at half of it."""
    generator = random.Random(5)
    names = {str(index): share for index, share in enumerate(expected)}

    def passes(units: int) -> int:
        found = 0
        for _ in range(150):
            drawn = generator.choices(list(names), expected, k=units)
            found += assess_shares({name: drawn.count(name) for name in names}, names).result == "pass"
        return found

    likely = likely_sample(expected)
    assert likely > needed_for(expected)
    assert passes(likely) >= 0.85 * 150
    assert passes(likely // 2) < 0.85 * 150


def test_random_weights_off_the_bound_seldom_pass() -> None:
    """The risk: a canary that truly gets 1.2 times its share passes in no more than 5 % of runs."""
    generator = random.Random(11)
    passes = 0
    for _ in range(200):
        canary = sum(generator.random() < 0.12 for _ in range(5000))
        passes += assess_shares({"stable": 5000 - canary, "canary": canary}, CANARY).result == "pass"
    assert passes <= 10


@pytest.mark.parametrize("expected", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_refuses_shares_that_do_not_add_up(expected: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        assess_shares({"a": 1}, expected)


def test_a_share_that_no_sample_shows_says_so() -> None:
    assert needed_for([1 - 1e-12, 1e-12]) == 0
    assert "needs more than can be sent" in assess_shares({"a": 5}, {"a": 1 - 1e-12, "b": 1e-12}).sentence
