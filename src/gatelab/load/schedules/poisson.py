"""Arrivals by chance: the times of an open loop whose callers do not know of each other."""

import math
import random
from array import array


class Poisson:
    """A Poisson process: pauses between calls are exponential, `rps` calls a second on average.

    Times are drawn when they are first asked for and kept (eight bytes a call), so that a number has one time. The same
    seed gives the same times.
    """

    __slots__ = ("_random", "_times", "rps", "seed")

    def __init__(self, rps: float, *, seed: int | None = None) -> None:
        """Raises ValueError when the rate is not above 0."""
        if not rps > 0 or math.isinf(rps):
            raise ValueError(f"rate must be above 0 calls a second, not {rps:g}")
        self.rps = rps
        self.seed = random.getrandbits(63) if seed is None else seed
        self._random = random.Random(self.seed)
        self._times = array("q")

    def at_ns(self, number: int) -> int | None:
        """Nanoseconds from the start at which call `number` (from 0) is due."""
        times = self._times
        while len(times) <= number:
            pause_ns = round(self._random.expovariate(self.rps) * 1e9)
            times.append((times[-1] if times else 0) + pause_ns)
        return times[number]
