"""Garbage collection for a process that keeps a million objects and must not stop for long.

A full collection looks at every object there is: with thousands of routes that is up to half a second in which nobody
is answered, and it finds next to nothing, for what controllers drop has few cycles. So whatever one has found alive is
set aside (`gc.freeze`), and the next one looks only at what has come since. What became garbage there, in cycles, is
found when nobody waits.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_LOOK_S = 10.0
"""How often it is asked whether the process rests,"""
_RESTING_SHARE = 0.02
"""which it does if it took no more of a processor than that."""
_AT_LATEST = 300
"""Full collections after which everything is looked at, rest or no rest: each is some 20,000 more objects."""
_FULL_EVERY = 3
"""Collections of the middle generation, not ten: what is looked at is the same, and the stops are shorter."""


class Garbage:
    """Collects what is new at once, and everything when the process rests. There is one in a process."""

    def __init__(self, cpu_s: Callable[[], float] = time.process_time, look_s: float = _LOOK_S) -> None:
        self._cpu_s = cpu_s
        self._look_s = look_s
        self._since_everything = 0

    async def run(self) -> None:
        """Runs until it is cancelled."""
        with self.set_aside():
            while True:
                before = self._cpu_s()
                await asyncio.sleep(self._look_s)
                self.look(self._cpu_s() - before <= _RESTING_SHARE * self._look_s)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """What is there now, what has been imported above all, and what each full collection finds alive."""
        young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, _FULL_EVERY)
        gc.freeze()
        gc.callbacks.append(self._collected)
        try:
            yield
        finally:
            gc.callbacks.remove(self._collected)
            gc.set_threshold(young, middle, old)
            gc.unfreeze()

    def look(self, is_resting: bool) -> None:
        """Collects everything if there is anything new, and it is time."""
        if self._since_everything >= (1 if is_resting else _AT_LATEST):
            gc.unfreeze()
            gc.collect()
            self._since_everything = 0

    def _collected(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            gc.freeze()
            self._since_everything += 1
