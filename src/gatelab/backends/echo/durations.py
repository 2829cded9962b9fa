"""Durations as Go writes them (`time.ParseDuration`): `300ms`, `-1.5h`, `2h45m`."""

import re
from typing import Final

_UNIT_NS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_TOO_LONG_NS: Final = 2**63
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"([+-]?)(0|(?:{_PART.pattern})+)")


def parsed_duration_ns(text: str) -> int:
    """Nanoseconds.

    Raises:
        ValueError: not a duration, in Go's words.
    """
    found = _WHOLE.fullmatch(text)
    amount_ns = sum(float(amount) * _UNIT_NS[unit] for amount, unit in _PART.findall(found[2])) if found else 0.0
    if found is None or amount_ns >= _TOO_LONG_NS:
        raise ValueError(f'time: invalid duration "{text}"')
    total = round(amount_ns)
    return -total if found[1] == "-" else total
