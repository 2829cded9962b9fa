"""Exponential back-off with jitter."""

import random
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays from `first_s`, doubled by each failure up to `most_s`, each shortened at random by up to a half.

    The jitter keeps what failed together from coming back together.
    """

    first_s: float
    most_s: float

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row, of which there is one at least."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 32))
        return whole * random.uniform(0.5, 1.0)


class Failures:
    """How often each key failed in a row."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}

    def add(self, key: Hashable) -> int:
        """Counts one more and returns the count."""
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count

    def clear(self, key: Hashable) -> None:
        self._counts.pop(key, None)
