import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.spread import measure

COUNTS = st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 10_000), min_size=1, max_size=12)


def test_a_pod_without_requests_counts() -> None:
    spread = measure({"a": 10}, ["a", "b"])
    assert spread.counts == {"a": 10, "b": 0}
    assert (spread.shares["a"], spread.pods_hit, spread.max_minus_min) == (1.0, 1, 10)


def test_even_and_one_sided_are_the_ends_of_every_index() -> None:
    even, one = measure(dict.fromkeys("abcde", 200)), measure({"a": 1000}, "abcde")
    assert (even.jain, even.coefficient_of_variation, even.max_minus_min) == (1.0, 0.0, 0)
    assert one.jain == pytest.approx(0.2)
    assert one.coefficient_of_variation == pytest.approx(2.0)


def test_nothing_counted_is_even_and_divides_by_nothing() -> None:
    spread = measure({}, ["a", "b"])
    assert (spread.total, spread.jain, spread.coefficient_of_variation) == (0, 1.0, 0.0)
    assert dict(spread.shares) == {"a": 0.0, "b": 0.0}


@given(COUNTS)
def test_jain_is_one_over_one_plus_cv_squared(counts: dict[str, int]) -> None:
    spread = measure(counts)
    assert spread.jain == pytest.approx(1 / (1 + spread.coefficient_of_variation**2))
    assert 1 / len(counts) - 1e-9 <= spread.jain <= 1 + 1e-9
    assert not spread.total or sum(spread.shares.values()) == pytest.approx(1)


def test_max_over_min() -> None:
    assert measure({"a": 6, "b": 4}).max_over_min == 1.5
    assert measure({"a": 6}, ["b"]).max_over_min is None
    assert measure({}).max_over_min is None
