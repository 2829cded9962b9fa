"""Is every share within a bound of the share that it is meant to have? The equivalence test for uneven expectations.

A route's weights say what part of the requests each backend gets (Gateway API, `BackendRef.weight`), and each of a
backend's endpoints gets an even part of that. A proxy draws the backend of each request at random, so requests are the
unit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatelab.spread.equivalence import BOUND, CONFIDENCE, Result
from gatelab.spread.intervals import Interval, outside, quantile, wilson, within

POWER = 0.9
"""How often a verdict is wanted of a proxy that does as it is told."""
MOST_UNITS = 1 << 40
"""A sample that nobody takes; a share so small needs more."""


@dataclass(frozen=True, slots=True)
class Share:
    """One name's part: what it is meant to be, what it was, and between which shares the truth lies."""

    name: str
    expected: float
    count: int
    share: float
    interval: Interval
    result: Result


@dataclass(frozen=True, slots=True)
class WeightedTest:
    """`needed` is how many units a spread exactly as expected needs to pass; 0 if none is enough."""

    result: Result
    shares: tuple[Share, ...]
    units: int
    needed: int
    sentence: str


def assess_shares(
    counts: Mapping[str, int],
    expected: Mapping[str, float],
    *,
    bound: float = BOUND,
    confidence: float = CONFIDENCE,
    unit: str = "request",
    what: str = "pod",
) -> WeightedTest:
    """Tests `counts` against `expected` shares, which add up to 1. `bound` is relative to each expected share.

    A name without an expected share must have no count, and needs no interval. Raises ValueError without an expected
    share, or when the shares are negative or do not add up to 1.
    """
    if any(share < 0 for share in expected.values()) or abs(sum(expected.values()) - 1) > 1e-6:
        raise ValueError(f"expected shares must be at least 0 and add up to 1: {dict(expected)}")
    units = sum(counts.values())
    z = quantile(sum(1 for share in expected.values() if share), confidence)
    names = sorted({*counts, *expected})
    shares = tuple(_share(name, counts.get(name, 0), units, expected.get(name, 0.0), bound, z) for name in names)
    result = _together([each.result for each in shares])
    needed = needed_for([share for share in expected.values() if share], bound=bound, confidence=confidence)
    return WeightedTest(
        result, shares, units, needed, _sentence(result, shares, units, bound, confidence, needed, (unit, what))
    )


def needed_for(expected: Sequence[float], *, bound: float = BOUND, confidence: float = CONFIDENCE) -> int:
    """The smallest number of units with which shares exactly as expected pass; 0 if `MOST_UNITS` are too few.

    The smallest share needs the most. Raises ValueError without shares above 0, and for a bound or confidence that is
    not within (0, 1).
    """
    if not expected or min(expected) <= 0 or not 0 < bound < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"shares must be above 0, bound and confidence within (0, 1): {expected}, {bound}, {confidence}"
        )
    z = quantile(len(expected), confidence)
    smallest = min(expected)

    def passes(units: int) -> bool:
        return within(wilson(smallest * units, units, z), _allowed(smallest, bound))

    enough = 1
    while not passes(enough):
        enough *= 2
        if enough > MOST_UNITS:
            return 0
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        enough, too_few = (middle, too_few) if passes(middle) else (enough, middle)
    return enough


def likely_sample(
    expected: Sequence[float], *, bound: float = BOUND, confidence: float = CONFIDENCE, power: float = POWER
) -> int:
    """How many units let a proxy that draws by these shares pass with a probability of `power`, at least.

    Chance moves a drawn share by its own standard deviation, and the interval comes on top: for each share p
    n = p (1 - p) ((z + z') / (bound p))², z of the intervals and z' of the power, each divided among the shares
    (Bonferroni, normal approximation). Raises ValueError as `needed_for`, and for a power outside (0, 1).
    """
    least = needed_for(expected, bound=bound, confidence=confidence)
    if not 0 < power < 1:
        raise ValueError(f"power must be within (0, 1), not {power}")
    z = quantile(len(expected), confidence) + quantile(len(expected), power)
    return max(least, *(math.ceil((1 - share) / share * (z / bound) ** 2) for share in expected))


def _allowed(share: float, bound: float) -> Interval:
    """An interval never reaches beyond 1, so neither need the bound: what is meant to get everything may get it."""
    return (1 - bound) * share, (1 + bound) * share


def _share(name: str, count: int, units: int, expected: float, bound: float, z: float) -> Share:
    share = count / units if units else 0.0
    if not expected:
        return Share(name, expected, count, share, (share, share), "fail" if count else "pass")
    interval, allowed = wilson(count, units, z), _allowed(expected, bound)
    result: Result = "inconclusive"
    if within(interval, allowed):
        result = "pass"
    elif outside(interval, allowed):
        result = "fail"
    return Share(name, expected, count, share, interval, result)


def _together(results: Sequence[Result]) -> Result:
    if "fail" in results:
        return "fail"
    return "inconclusive" if "inconclusive" in results else "pass"


def _sentence(
    result: Result,
    shares: Sequence[Share],
    units: int,
    bound: float,
    confidence: float,
    needed: int,
    words: tuple[str, str],
) -> str:
    unit, what = words
    counted = f"{units} {unit}{'' if units == 1 else 's'}"
    claim = f"every {what}'s share is within ±{bound:.0%} of the one that its weight gives it"
    if result == "pass":
        return f"{claim} ({confidence:.0%} confidence, {counted})"
    if result == "fail":
        worst = max(
            (each for each in shares if each.result == "fail"), key=lambda each: abs(each.share - each.expected)
        )
        low, high = worst.interval
        return (
            f"the spread is not by weight: {worst.name} got {worst.share:.1%} of {counted} "
            f"({low:.1%} to {high:.1%}), its weight gives it {worst.expected:.1%} ±{bound:.0%} "
            f"({confidence:.0%} confidence)"
        )
    needs = f"needs {needed} at least" if needed else "needs more than can be sent"
    return f"{counted} cannot tell whether {claim}: at {confidence:.0%} confidence a spread by weight {needs}"
