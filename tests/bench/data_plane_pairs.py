"""gatelab's Envoy and the lean one compared in many short turns, beside the lean one and its own twin.

A block puts the three under one load, forth and back (ABCCBA): what drifts evenly meets all alike. Each block gives a
ratio of the means of its turns; the result is the median of the blocks' ratios, with the interval that holds the true
median with 95 % or more, whatever the distribution (sign test: order statistics). `lean : lean` is what this finds
between two that are the same: a difference within its interval is none.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bench.data_plane_load import Load, Target

OURS, LEAN, CONTROL = "gatelab", "lean", "lean again"
PAIRS = {"gatelab : lean": OURS, "lean : lean": CONTROL}
BLOCKS = 12
SECONDS = {"paced": 0.4, "flat_out": 0.3}
CONFIDENCE = 0.95

Turns = dict[str, dict[str, list[float]]]
"""By name of the target and what was measured, two values for each block."""


def blocks(
    targets: Mapping[str, Target], under: Mapping[str, Callable[[Target, float], Load]], number: int = BLOCKS
) -> Turns:
    """Every load in each of so many blocks."""
    turns: Turns = {name: {} for name in targets}
    for block in range(number):
        for what, load in under.items():
            protocol, _, pace = what.partition("_")
            for name in forth_and_back(targets, block):
                met = load(targets[name], SECONDS[pace])
                turns[name].setdefault(f"{protocol}_cpu_us_{pace}", []).append(round(met.cpu_us, 2))
                if pace == "paced":
                    turns[name].setdefault(f"{protocol}_p50_us", []).append(round(met.p50_us, 1))
    return turns


def forth_and_back(names: Iterable[str], block: int) -> list[str]:
    """Each twice, the second half the first one turned round; another one begins in each block."""
    every = list(names)
    block %= len(every)
    forth = every[block:] + every[:block]
    return forth + forth[::-1]


def compared(turns: Turns, direct_p50_us: Mapping[str, float]) -> Iterator[tuple[str, str, float, tuple[float, float]]]:
    """Pair, figure, ratio, interval. Of a p50 what the proxy adds to that of the backends themselves is compared."""
    for pair, name in PAIRS.items():
        for what, values in turns[name].items():
            less = direct_p50_us.get(what, 0.0)
            figure = what.replace("_p50", "_added_p50")
            found = ratios(values, turns[LEAN][what], less)
            if found:
                yield pair, figure, round(statistics.median(found), 3), interval(found)


def ratios(one: Sequence[float], other: Sequence[float], less: float = 0.0) -> list[float]:
    """Of each block's two turns, less what is no part of them; blocks in which nothing is left of the other are out."""
    pairs = [(_mean_of_two(one, at) - less, _mean_of_two(other, at) - less) for at in range(0, len(one), 2)]
    return [ours / theirs for ours, theirs in pairs if theirs > 0]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Around the median, with CONFIDENCE at least; of fewer than six values it is their range, which has less."""
    every, rank = sorted(values), 0
    while 2 * _chance_of_at_most(rank, len(every)) <= 1 - CONFIDENCE:
        rank += 1
    rank = max(rank - 1, 0)
    return round(every[rank], 3), round(every[-1 - rank], 3)


def _chance_of_at_most(number: int, of: int) -> float:
    """That so few of the values, or fewer, are below the true median."""
    return float(sum(math.comb(of, each) for each in range(number + 1)) / 2**of)


def _mean_of_two(values: Sequence[float], at: int) -> float:
    return (values[at] + values[at + 1]) / 2
