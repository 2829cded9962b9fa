"""Dividing a run among several generators so that together they do exactly what the plan says."""

from dataclasses import dataclass
from typing import Protocol


class _Arrivals(Protocol):
    def at_ns(self, number: int) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Share:
    """Generator `index` (from 0) of `of`. Whatever is numbered goes to the generators in turn."""

    index: int = 0
    of: int = 1

    def number(self, mine: int) -> int:
        """The number in the whole run of what is number `mine` here."""
        return mine * self.of + self.index

    def part(self, whole: int) -> int:
        """How many of `whole` things are this generator's."""
        return len(range(self.index, whole, self.of))


@dataclass(frozen=True, slots=True)
class SharedArrivals:
    """Every `of`-th arrival of one schedule."""

    whole: _Arrivals
    share: Share

    def at_ns(self, number: int) -> int | None:
        return self.whole.at_ns(self.share.number(number))
