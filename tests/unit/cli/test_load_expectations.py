from typing import Any

import pytest

from gatelab.cli.load.expectations import Expectation
from gatelab.load import Histogram, LoadResult
from gatelab.spread import measure


def judged(text: str, **changes: Any) -> tuple[bool, str]:
    times = Histogram()
    for number in range(1, 101):
        times.record(number * 1_000_000)
    fields: dict[str, Any] = {
        "count": 101,
        "errors": 1,
        "statuses": {"OK": 100, "Unavailable": 1},
        "error_messages": {},
        "pods": {"a": 60, "b": 40},
        "connections": (),
        "service": times,
        "response": times,
        "started": 0.0,
        "elapsed_s": 10.0,
        "intended_rps": 0.0,
    }
    result = LoadResult(**{**fields, **changes})
    finding = Expectation.parse(text).judge(result, measure(result.pods))
    return finding.met, finding.value


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p99<100ms", True),
        ("p99 < 98ms", False),
        ("p99.9<=101ms", True),
        ("response.p50>1s", False),
        ("slowest<=100ms", True),
        ("errors==0", False),
        ("errors<=1", True),
        ("error_rate<1%", True),
        ("error_rate<0.5%", False),
        ("ok>=100", True),
        ("rps>10", True),
        ("pods==2", True),
        ("spread.max_minus_min<=20", True),
        ("spread.jain>0.99", False),
    ],
)
def test_figures_are_compared(text: str, met: bool) -> None:
    assert judged(text)[0] is met


def test_the_finding_says_what_there_was() -> None:
    assert judged("fastest<1s") == (True, "1.000 ms")
    assert judged("errors==0") == (False, "1")


@pytest.mark.parametrize("text", ["p99<10s", "slowest<1h", "spread.jain>=0", "error_rate<1%"])
def test_nothing_measured_meets_nothing(text: str) -> None:
    assert judged(text, service=Histogram(), pods={}, count=0, errors=0)[0] is False


def test_only_some_speak_of_errors() -> None:
    found = {text: Expectation.parse(text).speaks_of_errors for text in ("errors<5", "ok>1", "error_rate<1%", "p9<1s")}
    assert found == {"errors<5": True, "ok>1": True, "error_rate<1%": True, "p9<1s": False}
