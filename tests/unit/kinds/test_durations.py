import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.durations import parse_duration_ns, parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400), ("0", 0), ("-2s", -2), ("1us", 1e-6), (".5s", 0.5)],
)
def test_go_durations(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "1d", "1s ", "1 s", "1e3s", "--1s", "٣s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write it as 60s"):
        parse_duration_ns(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    text = f"{hours}h{minutes}m{seconds}s{milliseconds}ms"
    assert parse_duration_ns(text) == ((hours * 60 + minutes) * 60 + seconds) * 10**9 + milliseconds * 10**6
