"""Confidence intervals of shares, several at once."""

import math
from statistics import NormalDist

Interval = tuple[float, float]


def quantile(intervals: int, confidence: float) -> float:
    """z of each of `intervals` two-sided intervals, so that all hold at once with `confidence` (Bonferroni)."""
    return NormalDist().inv_cdf(1 - (1 - confidence) / (2 * intervals))


def wilson(count: float, units: int, z: float) -> Interval:
    """Wilson's score interval (1927): sensible at 0 and at all, where the normal interval has no width."""
    if not units:
        return 0.0, 1.0
    share, spread = count / units, z * z / units
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / units + spread / (4 * units))
    return max(0.0, middle - half), min(1.0, middle + half)


def within(interval: Interval, allowed: Interval) -> bool:
    return allowed[0] <= interval[0] and interval[1] <= allowed[1]


def outside(interval: Interval, allowed: Interval) -> bool:
    """Whether the two have nothing in common."""
    return interval[0] > allowed[1] or interval[1] < allowed[0]
