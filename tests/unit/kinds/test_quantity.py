"""Quantities."""

from decimal import Decimal

import pytest

from gatelab.kinds.quantity import format_cpu, format_memory, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100m", "0.1"),
        ("1", "1"),
        (2, "2"),
        (0.5, "0.5"),
        ("64Mi", str(64 * 2**20)),
        ("1.5Gi", str(3 * 2**29)),
        ("10k", "10000"),
        ("1e3", "1000"),
        ("2E", "2000000000000000000"),
        ("5n", "0.000000005"),
        ("-1", "-1"),
    ],
)
def test_reading(text: str | float, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "m", "1 Mi", "1mi", "1Kib", "abc", "1..2", "1e", "NaN"])
def test_what_is_no_quantity_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        parse_quantity(text)


def test_writing() -> None:
    assert format_cpu(0.0012345) == "1234500n"
    assert format_memory(2049) == "3Ki"
