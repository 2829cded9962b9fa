"""The page of a load run; tests/unit/cli/test_load_options.py makes one by a run."""

import re
from typing import Any

import pytest

from gatelab.reports.load_html import load_page
from sample_load import sample_document
from sample_report import HOSTILE


def test_figures_and_charts_are_there() -> None:
    page = load_page(sample_document(), "csv")
    assert {tuple(each) for each in re.findall(r'aria-label="(pod-.), calls: (\d+) requests', page)} == {
        ("pod-a", "60"),
        ("pod-b", "40"),
    }
    assert 'aria-label="response time: 99.99 % within 90.000 ms"' in page
    assert ">99.99%</text>" in page
    assert 'aria-label="all calls, second 0: 100 OK, 0 errors, p50 2.00 ms, p99 3.00 ms"' in page
    assert 'aria-label="up to 90.000 ms: 99 calls"' in page


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "Pass.</strong> Every call was OK."),
        ({"errors": 3}, "Fail.</strong> 3 of 100 calls failed."),
        ({"expectations": [{"expectation": "p99&lt;1ms", "met": False, "value": "3 ms"}]}, "Fail.</strong> 1 of 1 exp"),
        (
            {"errors": 3, "expectations": [{"expectation": "errors<9", "met": True, "value": "3"}]},
            "Pass.</strong> Every",
        ),
    ],
)
def test_the_verdict_is_in_words(changes: dict[str, Any], verdict: str) -> None:
    assert verdict in load_page(sample_document(**changes), "")


def test_texts_are_texts_and_the_page_goes_nowhere() -> None:
    hostile = sample_document(
        name=HOSTILE,
        tags={HOSTILE: HOSTILE},
        options={"call": HOSTILE, "data": f"</pre>{HOSTILE}"},
        errorDistribution={HOSTILE: 1},
        statusCodeDistribution={HOSTILE: 1},
        details=[{"error": HOSTILE}],
        pods={HOSTILE: 1},
        expectations=[{"expectation": HOSTILE, "met": False, "value": HOSTILE}],
        notes=[HOSTILE],
    )
    page = load_page(hostile, HOSTILE)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_run_without_calls_is_still_a_page() -> None:
    nothing = {"count": 0, "rps": 0.0, "histogram": [], "pods": {}, "series": [], "statusCodeDistribution": {}}
    none = [{"percentage": 50, "latency": 0}]
    page = load_page(sample_document(**nothing, latencyDistribution=none, responseTimeDistribution=none), "")
    assert "Second by second" not in page
