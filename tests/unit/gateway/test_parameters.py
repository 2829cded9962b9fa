"""What a ConfigMap of parameters may say."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.gateway.parameters import NO_PARAMETERS, InvalidParameters, Source, read
from gatelab.gateway.parameters.table import PARAMETERS

LONGEST_MESSAGE = 32_768
"""Of a condition (metav1.Condition)."""
DOCUMENTED = Path(__file__).parents[3] / "docs" / "gateway.md"


def test_nothing_said_is_the_default_and_so_are_the_defaults_themselves() -> None:
    assert read([]) == NO_PARAMETERS
    alone = {key: each.default for key, each in PARAMETERS.items() if each.default and key.count(".") == 0}
    assert read([Source("s", alone)]) == NO_PARAMETERS


def test_the_later_source_wins_key_by_key() -> None:
    found = read([Source("class", {"workers": "2", "replicas": "3"}), Source("own", {"workers": "4"})])
    assert (found.workers, found.replicas) == (4, 3)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("workers", "128", "0"),
        ("workers", " 2 ", "two"),
        ("replicas", "20", "21"),
        ("requests.cpu", "250m", "0"),
        ("limits.memory", "1Gi", "much"),
        ("accessLog", "text", "yes"),
        ("outlierDetection.consecutiveErrors", "1", "-1"),
        ("circuitBreakers.maxRequests", "1", "１"),
        ("grpcRetry.attempts", "1", "1.0"),
        ("grpcHealthCheck.interval", "1ms", "0s"),
        ("grpcHealthCheck.interval", "24h", "25h"),
    ],
)
def test_a_value_that_does_not_fit_names_where_and_how(key: str, good: str, bad: str) -> None:
    read([Source("ConfigMap default/x", {key: good})])
    with pytest.raises(InvalidParameters) as raised:
        read([Source("ConfigMap default/x", {key: bad})])
    assert (
        str(raised.value) == f"ConfigMap default/x: key {key}: {bad!r} will not do: write {PARAMETERS[key].form.words}"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"loadBalancing.policy": "ring_hash"}, "ring_hash needs loadBalancing.header"),
        ({"loadBalancing.header": "x"}, "only ring_hash and maglev look at it"),
        ({"grpcRetry.codes": "internal"}, "does nothing without grpcRetry.attempts"),
        ({"grpcHealthCheck.service": "a.B"}, "does nothing without grpcHealthCheck.interval"),
        ({"outlierDetection.interval": "1s"}, "does nothing without outlierDetection.consecutiveErrors"),
        ({"Workers": "1"}, "did you mean workers?"),
    ],
)
def test_keys_that_do_not_go_together_or_exist(data: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidParameters, match=re.escape(words)):
        read([Source("s", data)])


@given(st.dictionaries(st.sampled_from([*PARAMETERS, "x", "y" * 253]), st.text(max_size=5000), max_size=40))
def test_whatever_is_said_is_read_or_refused_in_few_words(data: dict[str, str]) -> None:
    message = "fine"
    try:
        read([Source("ConfigMap default/x", data)])
    except InvalidParameters as error:
        message = str(error)
    assert 0 < len(message) < LONGEST_MESSAGE


def test_every_key_is_documented_as_it_is() -> None:
    rows = [
        f"| `{key}` | {each.form.words} | {f'`{each.default}`' if each.default else '–'} | {each.meaning} |"
        for key, each in PARAMETERS.items()
    ]
    section = DOCUMENTED.read_text().partition("## Parameters\n")[2].partition("\n## ")[0]
    documented = [line for line in section.splitlines() if line.startswith("| `")]
    assert documented == rows
