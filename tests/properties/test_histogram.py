"""The histogram against the plain list of values."""

import math

from hypothesis import given
from hypothesis import strategies as st

from gatelab.load import Histogram

durations = st.lists(st.integers(0, 10**13), min_size=1, max_size=200)


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(durations, st.floats(0, 100).map(lambda p: round(p, 3)))
def test_percentiles_agree_with_the_nearest_rank(values: list[int], percent: float) -> None:
    rank = max(1, math.ceil(round(percent * 1000) * len(values) / 100_000))
    truth = sorted(values)[rank - 1]
    assert abs(histogram_of(values).percentile(percent) - truth) <= truth / 1024 / 2 + 0.5


@given(durations, durations)
def test_merging_equals_recording_everything_in_one(left: list[int], right: list[int]) -> None:
    merged = histogram_of(left)
    merged.merge(histogram_of(right))
    assert merged == histogram_of(left + right)


@given(durations)
def test_the_exact_figures_are_exact(values: list[int]) -> None:
    histogram = histogram_of(values)
    assert (histogram.min_ns, histogram.max_ns, histogram.sum_ns) == (min(values), max(values), sum(values))
    assert histogram.percentile(100) <= histogram.max_ns
    assert histogram.percentile(0) >= histogram.min_ns
    assert sum(count for _, count in histogram.buckets()) == len(values)


@given(st.lists(st.integers(-100, 10**13), max_size=50), durations, st.lists(st.integers(-3, 5), min_size=1))
def test_recording_many_at_once_is_recording_each(before: list[int], some: list[int], others: list[int]) -> None:
    histogram = histogram_of(before)
    for each in (some, others):
        histogram.record_all(each)
    assert histogram == histogram_of(before + some + others)


@given(durations)
def test_json_loses_nothing(values: list[int]) -> None:
    histogram = histogram_of(values)
    assert Histogram.from_json(histogram.to_json()) == histogram
