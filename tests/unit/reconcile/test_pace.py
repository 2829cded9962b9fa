"""Pace: what waits, and for how long."""

import pytest

from gatelab.reconcile.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def worked(pace: Pace, clock: Clock, seconds: float) -> float:
    with pace.step():
        clock.now += seconds
    return pace.rest_s()


def test_a_short_step_after_a_quiet_time_is_followed_by_another_at_once() -> None:
    clock = Clock()
    assert worked(Pace(clock), clock, 0.04) == 0


def test_steps_that_follow_each_other_take_a_fifth_of_the_time() -> None:
    clock = Clock()
    pace = Pace(clock)
    begun = clock.now
    for _ in range(100):
        clock.now += worked(pace, clock, 0.03)
    assert 100 * 0.03 / (clock.now - begun) == pytest.approx(0.2, rel=0.05)


def test_no_rest_is_longer_than_half_a_second() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert worked(pace, clock, 60) == pytest.approx(0.5)
    assert worked(pace, clock, 60) == pytest.approx(0.5)


def fail(clock: Clock) -> None:
    clock.now += 1
    raise ValueError("no")


def test_work_that_fails_counts() -> None:
    clock = Clock()
    pace = Pace(clock)
    with pytest.raises(ValueError, match="no"), pace.step():
        fail(clock)
    assert pace.rest_s() > 0
