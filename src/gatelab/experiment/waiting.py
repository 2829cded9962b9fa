"""Tells people what is waited for, and what stands in the way: two silent minutes look like a program that hangs."""

import time
from collections.abc import Callable

FIRST_S = 5.0
EVERY_S = 15.0


class Waiting:
    """Says why something is not there yet: after `FIRST_S`, then every `EVERY_S`. `clock` is in seconds."""

    def __init__(self, what: str, said: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._said = said
        self._clock = clock
        self._due_at = clock() + FIRST_S

    def because(self, reason: str) -> None:
        """It is still not there."""
        now = self._clock()
        if now >= self._due_at:
            self._due_at = now + EVERY_S
            self._said(f"still waiting for {self._what}: {reason}")
