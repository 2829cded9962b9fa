"""Schedules: in order, on the rate, without drift."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.load import Schedule

rates = st.floats(0.5, 100_000)


def schedules() -> st.SearchStrategy[Schedule]:
    rising = st.tuples(rates, st.floats(0.1, 1000), st.floats(0.1, 10), st.floats(0.5, 30))
    return st.one_of(
        rates.map(Schedule.constant),
        rising.map(lambda a: Schedule.step(start=a[0], step=a[1], step_s=a[2], max_s=a[3])),
        rising.map(lambda a: Schedule.line(start=a[0], slope=a[1], max_s=a[3])),
        rising.map(lambda a: Schedule.line(start=a[0], slope=a[1], end=a[0] + a[1] * a[2])),
    )


@given(schedules(), st.integers(0, 1_000_000))
def test_times_never_go_back(schedule: Schedule, number: int) -> None:
    here, there = schedule.at_ns(number), schedule.at_ns(number + 1)
    assert here is not None
    assert there is not None
    assert there >= here
    assert schedule.at_ns(0) == 0


@given(rates, st.integers(0, 10_000_000))
def test_a_constant_rate_never_drifts(rate: float, number: int) -> None:
    at_ns = Schedule.constant(rate).at_ns(number)
    assert at_ns is not None
    assert abs(at_ns - number / rate * 1e9) <= 1 + at_ns * 1e-12


@given(schedules(), st.integers(1, 200_000))
def test_gaps_agree_with_the_rate(schedule: Schedule, number: int) -> None:
    here, there = schedule.at_ns(number), schedule.at_ns(number + 1)
    assert here is not None
    assert there is not None
    slowest = min(schedule.rate_at(here / 1e9), schedule.rate_at(there / 1e9))
    fastest = max(schedule.rate_at(here / 1e9), schedule.rate_at(there / 1e9))
    assert 1e9 / fastest - 2 <= there - here <= 1e9 / slowest * (1 + 1e-6) + 2


def test_steps_as_ghz_makes_them() -> None:
    schedule = Schedule.step(start=10, step=10, step_s=2, end=30)
    assert [schedule.rate_at(t) for t in (0, 1.9, 2, 3.9, 4, 100)] == [10, 10, 20, 20, 30, 30]
    assert schedule.at_ns(20) == 2_000_000_000
    assert schedule.at_ns(60) == 4_000_000_000


def test_a_line() -> None:
    schedule = Schedule.line(start=10, slope=10, end=30)
    assert [schedule.rate_at(t) for t in (0, 1, 2, 5)] == [10, 20, 30, 30]
    assert schedule.at_ns(40) == 2_000_000_000


def test_a_falling_schedule_runs_dry() -> None:
    assert Schedule.line(start=10, slope=-5).at_ns(10) is None
    assert Schedule.step(start=10, step=-10, step_s=1).at_ns(10) is None


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"start": 0, "step": 1, "step_s": 1, "end": 5}, "load start must be above 0"),
        ({"start": 1, "step": 0, "step_s": 1, "end": 5}, "must not be 0"),
        ({"start": 9, "step": 1, "step_s": 1, "end": 5}, "does not lead from 9 to 5"),
        ({"start": 1, "step": 1, "step_s": 0, "end": 5}, "step duration"),
        ({"start": 1, "step": 1, "step_s": 1}, "needs an end"),
    ],
)
def test_impossible_steps_are_refused_in_words(parameters: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Schedule.step(**parameters)
