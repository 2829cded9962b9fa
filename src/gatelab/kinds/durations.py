"""Durations as Go writes them (`time.ParseDuration`): `60s`, `1m30s`, `500ms`, `2h45m`, `0`."""

import re
from decimal import Decimal

_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"[+-]?(?:{_PART.pattern})+", re.ASCII)


def parse_duration_ns(text: str) -> int:
    """Nanoseconds. Raises ValueError naming the text and the form."""
    if text in ("0", "+0", "-0"):
        return 0
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write it as 60s, 1m30s or 500ms")
    total = sum(Decimal(number) * _UNITS_NS[unit] for number, unit in _PART.findall(text))
    return int(-total if text.startswith("-") else total)


def parse_duration_s(text: str) -> float:
    """Seconds. Raises ValueError."""
    return parse_duration_ns(text) / 1e9
