"""Descriptive numbers of one spread."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Counts per pod, pods without any included, sorted by name."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def shares(self) -> Mapping[str, float]:
        """Count over total; all 0 when nothing was counted."""
        total = self.total or 1
        return {pod: count / total for pod, count in self.counts.items()}

    @property
    def pods_hit(self) -> int:
        return sum(1 for count in self.counts.values() if count)

    @property
    def max_minus_min(self) -> int:
        """The largest count less the smallest. Round robin by w independent workers keeps it at w or below."""
        return max(self.counts.values(), default=0) - min(self.counts.values(), default=0)

    @property
    def max_over_min(self) -> float | None:
        """The largest count over the smallest: 1 is even. None while a pod has none, for it would be infinite."""
        least = min(self.counts.values(), default=0)
        return max(self.counts.values()) / least if least else None

    @property
    def coefficient_of_variation(self) -> float:
        """Standard deviation (of the population) over the mean: 0 is even, sqrt(n - 1) is everything on one of n."""
        if not self.total:
            return 0.0
        mean = self.total / len(self.counts)
        return math.sqrt(sum((count - mean) ** 2 for count in self.counts.values()) / len(self.counts)) / mean

    @property
    def jain(self) -> float:
        """Jain's fairness index, (Σx)² / (n Σx²): 1 is even, 1/n is everything on one of n. 1 when nothing was counted.

        R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984.
        """
        squares = sum(count * count for count in self.counts.values())
        return self.total**2 / (len(self.counts) * squares) if squares else 1.0


def measure(counts: Mapping[str, int], pods: Iterable[str] = ()) -> Spread:
    """The spread of `counts` over `pods` and whoever else has a count. A pod without requests counts 0."""
    names = sorted({*counts, *pods})
    return Spread({name: counts.get(name, 0) for name in names})
