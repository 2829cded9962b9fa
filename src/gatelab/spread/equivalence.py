"""Is every pod's share within a bound of the even share? An equivalence test, not a test of difference.

A test of difference (chi-squared) passes whatever is measured too little, and fails whatever is measured long enough.
Here evenness has to be shown: each pod's share gets a confidence interval, all of them at once with the stated
confidence (Bonferroni), and the test passes when each lies within the bound. Two one-sided tests a pod would need less
(the claim is about all pods: an intersection-union test), but intervals can be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gatelab.spread.intervals import outside, quantile, wilson, within

Result = Literal["pass", "fail", "inconclusive"]
BOUND = 0.2
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Equivalence:
    """`intervals` are (low, high) shares in the order of the counts; `allowed` is what they must lie within.

    fail: an interval lies wholly outside. inconclusive: neither, and `needed` says how many units an even spread needs.
    """

    result: Result
    allowed: tuple[float, float]
    intervals: tuple[tuple[float, float], ...]
    units: int
    needed: int
    sentence: str


def assess(
    counts: Sequence[int], *, bound: float = BOUND, confidence: float = CONFIDENCE, unit: str = "request"
) -> Equivalence:
    """Tests `counts` per pod, pods with 0 included. `bound` is relative: 0.2 allows 0.8 to 1.2 of the even share.

    The counted units must be independent of each other, or more even than independent (round robin). Requests on one
    L4 connection are neither: count connections there, and say so in `unit`. Raises ValueError without pods or for a
    bound or confidence outside (0, 1).
    """
    if not counts:
        raise ValueError("there is no pod to spread over")
    pods, units = len(counts), sum(counts)
    allowed = ((1 - bound) / pods, (1 + bound) / pods)
    needed = needed_sample(pods, bound=bound, confidence=confidence)
    z = quantile(pods, confidence)
    intervals = tuple(wilson(count, units, z) for count in counts)
    result = _result(intervals, allowed)
    return Equivalence(
        result, allowed, intervals, units, needed, _sentence(result, counts, bound, confidence, needed, unit)
    )


def needed_sample(pods: int, *, bound: float = BOUND, confidence: float = CONFIDENCE) -> int:
    """The smallest number of units with which a perfectly even spread over `pods` passes. Raises ValueError."""
    if pods < 1 or not 0 < bound < 1 or not 0 < confidence < 1:
        raise ValueError(f"pods must be at least 1, bound and confidence within (0, 1): {pods}, {bound}, {confidence}")
    z = quantile(pods, confidence)
    allowed = ((1 - bound) / pods, (1 + bound) / pods)
    enough = 1
    while not within(wilson(enough / pods, enough, z), allowed):
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if within(wilson(middle / pods, middle, z), allowed):
            enough = middle
        else:
            too_few = middle
    return enough


def finest_bound(pods: int, units: int, *, confidence: float = CONFIDENCE) -> float:
    """The smallest bound, in whole percent, that an even spread of `units` over `pods` can show; 1 if none."""
    percents = (percent / 100 for percent in range(1, 100))
    return next((each for each in percents if needed_sample(pods, bound=each, confidence=confidence) <= units), 1.0)


def _result(intervals: Sequence[tuple[float, float]], allowed: tuple[float, float]) -> Result:
    if all(within(interval, allowed) for interval in intervals):
        return "pass"
    if any(outside(interval, allowed) for interval in intervals):
        return "fail"
    return "inconclusive"


def _sentence(result: Result, counts: Sequence[int], bound: float, confidence: float, needed: int, unit: str) -> str:
    pods, units = len(counts), sum(counts)
    claim = f"every pod's share is within ±{bound:.0%} of an even 1/{pods}"
    what = f"{units} {unit}{'' if units == 1 else 's'}"
    if result == "pass":
        return f"{claim} ({confidence:.0%} confidence, {what})"
    if result == "fail":
        worst = max(counts, key=lambda count: abs(count - units / pods))
        return (
            f"the spread is uneven: one of {pods} pods got {worst} of {what}, where an even share is "
            f"{units / pods:.0f} ±{bound:.0%} ({confidence:.0%} confidence)"
        )
    return f"{what} cannot tell whether {claim}: at {confidence:.0%} confidence an even spread needs {needed}"
