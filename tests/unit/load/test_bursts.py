import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.load import Schedule


def test_nothing_is_due_between_bursts() -> None:
    schedule = Schedule.bursts(rps=10, burst_s=1, every_s=3, bursts=2, first_s=1)
    due = [schedule.at_ns(number) for number in (0, 1, 9, 10, 19, 20)]
    assert due == [1_000_000_000, 1_100_000_000, 1_900_000_000, 4_000_000_000, 4_900_000_000, None]
    assert [schedule.rate_at(at_s) for at_s in (0, 1.5, 2.5, 4.5, 99)] == [0, 10, 0, 10, 0]


@given(st.floats(1, 1000), st.floats(0.1, 2), st.floats(0, 3), st.integers(1, 20), st.sampled_from([0, 0.5]))
def test_every_call_is_due_within_a_burst(
    rps: float, burst_s: float, gap_s: float, bursts: int, first_s: float
) -> None:
    every_s = burst_s + gap_s
    schedule = Schedule.bursts(rps=rps, burst_s=burst_s, every_s=every_s, bursts=bursts, first_s=first_s)
    due = [schedule.at_ns(number) for number in range(int(rps * burst_s * bursts))]
    assert None not in due
    within = [((at or 0) / 1e9 - first_s) % every_s for at in due]
    assert all(at <= burst_s + 1e-6 or at >= every_s - 1e-6 for at in within)
    assert due == sorted(due)  # type: ignore[type-var]


@pytest.mark.parametrize("wrong", [{"rps": 0}, {"burst_s": 0}, {"every_s": 0.5}, {"bursts": 0}, {"first_s": -1}])
def test_what_is_no_schedule(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        Schedule.bursts(**{"rps": 1, "burst_s": 1, "every_s": 1, "bursts": 1, **wrong})  # type: ignore[arg-type]
