"""Regular expressions are judged before Envoy sees them; that Envoy agrees is tested on Envoy."""

import pytest

from gatelab.proxy.regex import problem


@pytest.mark.parametrize("pattern", [".*", "a|b", "(?i)abc", r"\d+", "^/x$", "é", r"\x{ff}", "(foo|bar){40}"])
def test_good_ones(pattern: str) -> None:
    assert problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "missing )"),
        ("a{1001}", "repetition"),
        ("(?=a)", "perl operator"),
        ("[z-a]", "character class range"),
        (r"\x{100}", "invalid escape sequence"),
        ("", "empty"),
        ("a{1000}b{1000}c{1000}d{1000}e{1000}f{1000}", "instructions, more than the 5000 allowed"),
    ],
)
def test_bad_ones_are_told_in_re2s_words(pattern: str, words: str) -> None:
    assert words in str(problem(pattern))
