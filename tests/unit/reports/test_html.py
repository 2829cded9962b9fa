"""The page as text; tests/clients/test_report_in_chromium.py looks at it."""

import re

import msgspec
import pytest

from gatelab.experiment.report import Counting, Report, SpreadTest, WeightReport, WeightsReport
from gatelab.reports.html import page, verdict_in_words
from sample_report import HOSTILE, L4, L7, sample_report


@pytest.fixture(scope="module")
def hostile() -> str:
    """A page of names and messages that would like to be more than text."""
    pods = {f"{HOSTILE}-{number}": count for number, count in enumerate(L7.values())}
    return page(sample_report(experiment=HOSTILE, pods=pods, error=f'{HOSTILE}"&'))


def bars(text: str) -> set[tuple[str, str, int]]:
    """(pod, path, requests), as the bars say of themselves."""
    found = re.findall(r'aria-label="(\S+), through the \w+ \((L\d)\): (\d+) requests', text)
    return {(pod, path, int(count)) for pod, path, count in found}


def test_the_bars_are_the_figures_of_the_report() -> None:
    expected = {(pod, "L7", count) for pod, count in L7.items()} | {(pod, "L4", count) for pod, count in L4.items()}
    assert bars(page(sample_report())) == expected


def test_texts_are_texts(hostile: str) -> None:
    assert "<script" not in hostile
    assert hostile.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 20
    assert "&#34;&amp;" in hostile
    assert "<title>Experiment &lt;script&gt;" in hostile


def test_the_page_goes_nowhere(hostile: str) -> None:
    assert "http" not in hostile.replace("http-equiv", "")
    assert "default-src 'none'" in hostile
    assert "src=" not in hostile.replace("default-src", "")
    assert " style=" not in hostile


def test_the_verdict_is_in_words(hostile: str) -> None:
    assert "1 of 4 claims do not hold." in hostile
    given = sample_report()
    assert verdict_in_words(given) == "All 4 claims hold."
    untold = msgspec.structs.replace(given.checks[1], result="inconclusive")
    assert verdict_in_words(msgspec.structs.replace(given, checks=(untold,))) == "1 of 1 could not be told."


def test_commands_environment_events_and_notes_are_there(hostile: str) -> None:
    for text in (
        "<code>gatelab experiment run examples/hello-grpc/experiment.yaml</code></pre>",
        "Linux 6.18.0",
        "14.6 s: pod hello-grpc-5d8c7f9b6c-zx81k came",
        "the generator was late by 2 ms at p99",
    ):
        assert text in hostile


def test_weights_and_what_nobody_counted() -> None:
    test = SpreadTest(
        result="pass", unit="request", units=1, needed=1, bound=0.2, confidence=0.95, sentence="by weight"
    )
    canary = WeightReport(
        backend="shop/canary:80", expected=0.1, requests=99, share=0.099, low=0.08, high=0.12, result="pass"
    )
    weights = WeightsReport(route="shop/calls rule 0", backends=(canary,), test=test, needed_for_verdict=3430)
    given = sample_report()
    unknown = msgspec.structs.replace(given.l4, counting=Counting(source="none", sentence="by nobody"), pods={})
    text = page(msgspec.structs.replace(given, l4=unknown, weights=weights))
    assert "Weights of shop/calls rule 0" in text
    assert "8.00% to 12.00%" in text
    assert {path for _, path, _ in bars(text)} == {"L7"}
    assert ">?</strong>" in text


def test_a_report_without_anything_is_still_a_page() -> None:
    given = sample_report()
    empty = msgspec.structs.replace(given.l7, pods={}, series=(), statuses={})
    nothing: Report = msgspec.structs.replace(given, l7=empty, l4=empty, direct=empty, events=(), commands=())
    assert "Second by second" not in page(nothing)


def test_long_names_keep_the_end_by_which_pods_differ() -> None:
    long = "the-name-of-a-deployment-that-is-as-long-as-they-may-be-7d9f8b6c5d"
    ends = ("2mg52", "j6f2v", "qhf4n", "qw8nn", "tw5bq")
    shown = page(sample_report(pods={f"{long}-{end}": 200 for end in ends}))
    assert [shown.count(f">…-{end}</text>") for end in ends] == [2] * 5, "in the wide chart and in the narrow one"
