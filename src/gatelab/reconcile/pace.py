"""Pace: repeated work on the whole state leaves the processor to others most of the time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.2
"""Of the time, for steps that follow each other, unless told otherwise,"""
_ALLOWANCE_S = 0.05
"""beyond what may be worked at once after a quiet time."""
_LONGEST_REST_S = 0.5


class Pace:
    """Rests after work, in proportion to it and never for more than half a second. What comes after a quiet time does
    not wait: a single change is answered at once, a burst of them with few steps.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, share: float = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._at = clock()
        self._debt_s = 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around a piece of work."""
        begun = self._clock()
        try:
            yield
        finally:
            self._debt_s = min(self.debt_s() + self._clock() - begun, _ALLOWANCE_S + _LONGEST_REST_S * self._share)

    async def rest(self) -> None:
        """Until the next step may begin."""
        await asyncio.sleep(self.rest_s())

    def rest_s(self) -> float:
        """How long that is."""
        return max(0.0, self.debt_s() - _ALLOWANCE_S) / self._share

    def debt_s(self) -> float:
        """The work that was done beyond the share."""
        now = self._clock()
        self._debt_s = max(0.0, self._debt_s - (now - self._at) * self._share)
        self._at = now
        return self._debt_s
