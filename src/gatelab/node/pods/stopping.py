"""How a container that runs is stopped: preStop, its turn among the others, SIGTERM, SIGKILL. Monotonic seconds."""

from collections.abc import Iterator
from signal import SIGKILL, SIGTERM

LEAST_GRACE_S = 2.0
"""A program has this long after SIGTERM even when preStop took the whole grace period, as with the kubelet."""


class Stopping:
    """One stop. The grace period counts from its beginning: preStop and waiting for a turn are part of it."""

    def __init__(self, now: float, grace_s: float, *, held: bool) -> None:
        """`held`: SIGTERM waits for `release`, though never past the grace period. No grace is SIGKILL at once."""
        self._deadline = now + grace_s
        self._least_s = min(LEAST_GRACE_S, max(0.0, grace_s))
        self._is_held = held
        self._hook_until = now
        self._is_told = False
        self._is_killed = False

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do."""
        if self._is_killed:
            return None
        if self._is_told or self._is_held:
            return self._deadline
        return min(self._hook_until, self._deadline)

    def sleep(self, until: float) -> None:
        """preStop takes until then; infinity until `hook_ended`."""
        self._hook_until = until

    def hook_ended(self, now: float) -> None:
        self._hook_until = min(self._hook_until, now)

    def release(self) -> None:
        """It is this container's turn."""
        self._is_held = False

    def shorten(self, now: float, grace_s: float) -> None:
        """A second deletion can make the grace period shorter, never longer."""
        self._deadline = min(self._deadline, now + grace_s)
        self._least_s = min(self._least_s, max(0.0, grace_s))

    def tick(self, now: float) -> Iterator[int]:
        """The signals that are due."""
        if self._is_killed:
            return
        is_over = now >= self._deadline
        if is_over and (self._is_told or self._least_s == 0):
            self._is_killed = True
            yield SIGKILL
        elif not self._is_told and (is_over or (not self._is_held and now >= self._hook_until)):
            self._is_told = True
            self._deadline = max(self._deadline, now + self._least_s)
            yield SIGTERM
