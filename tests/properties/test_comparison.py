"""The test of baselines against its definition, and what must hold of any comparison."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gatelab.experiment.figures import FIGURES
from gatelab.experiment.matrix.cell import figure_reports
from gatelab.experiment.matrix.comparison import EXACT_UP_TO, can_be_told, change_of, mann_whitney

few_values = st.lists(st.integers(1, 9), min_size=1, max_size=5)
times = st.lists(st.integers(1_000, 10**9), min_size=1, max_size=9)


def by_definition(a: list[float], b: list[float]) -> float:
    """Of all ways to deal the values out, how many are as extreme."""

    def extreme(chosen: tuple[int, ...], values: list[float]) -> float:
        others = [values[at] for at in range(len(values)) if at not in chosen]
        u = sum((values[at] > y) + (values[at] == y) / 2 for at in chosen for y in others)
        return min(u, len(chosen) * len(others) - u)

    values = [*a, *b]
    found = extreme(tuple(range(len(a))), values)
    ways = list(itertools.combinations(range(len(values)), len(a)))
    return sum(1 for chosen in ways if extreme(chosen, values) <= found) / len(ways)


@given(st.permutations(range(8)), st.integers(1, 7))
def test_without_ties_it_is_the_definition(values: list[int], n: int) -> None:
    a, b = [float(each) for each in values[:n]], [float(each) for each in values[n:]]
    assert abs(mann_whitney(a, b) - by_definition(a, b)) < 1e-12


def change(before: list[int], now: list[int], tolerance: float = 0.1) -> str:
    one, other = (figure_reports([{"p99": float(each)} for each in values])["p99"] for values in (now, before))
    return change_of(FIGURES["p99"], one, other, tolerance)[0]


OPPOSITE = {"better": "worse", "worse": "better"}


@given(times, times)
def test_seen_from_the_other_side_worse_is_better(before: list[int], now: list[int]) -> None:
    # Without a tolerance, which is relative to one of the two.
    there, back = change(before, now, 0.0), change(now, before, 0.0)
    assert back == OPPOSITE.get(there, there)


@given(times, times)
def test_the_order_of_repetitions_does_not_count(before: list[int], now: list[int]) -> None:
    assert change(sorted(before), sorted(now)) == change(before, now)


@given(times, times)
def test_nothing_is_worse_that_overlaps_in_the_middle_or_was_measured_too_seldom(
    before: list[int], now: list[int]
) -> None:
    found = change(before, now)
    if found in OPPOSITE:
        assert can_be_told(len(before), len(now))
        assert mann_whitney(now, before) <= 0.01
        low, high = (before, now) if found == "worse" else (now, before)
        assert sorted(low)[len(low) // 2] <= sorted(high)[len(high) // 2]
    assert change(before, before) in ("same", "cannot tell")


@given(few_values, few_values)
def test_ties_never_make_it_surer_than_the_clearest_order(a: list[int], b: list[int]) -> None:
    clearest = mann_whitney(range(len(a)), range(100, 100 + len(b)))
    assert clearest <= mann_whitney(a, b) <= 1


def test_the_approximation_for_many_joins_the_exact_values() -> None:
    half = EXACT_UP_TO // 2
    for shift in (2, 5, 8, 12):
        exact = mann_whitney(range(half), range(shift, half + shift))
        approximate = mann_whitney(range(half + 1), range(shift, half + 1 + shift))
        assert abs(exact - approximate) < 0.06
