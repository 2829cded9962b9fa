"""Pools: addresses or ports, each held by one Service at most, and rested before another gets it."""

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from gatelab.kinds.objects import Key

T = TypeVar("T", bound=str | int)
Item = TypeVar("Item", covariant=True)

REST_S = 60.0
"""How long what was freed is kept from others, who would get the traffic of clients that remember it."""


class Candidates(Protocol[Item]):
    """`kinds.addresses.Block` or a `range`."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Item: ...
    def __contains__(self, item: object, /) -> bool: ...


class Pool(Generic[T]):
    """Hands out candidates in their order, going round, so that what was freed comes late."""

    def __init__(
        self, candidates: Candidates[T], *, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._candidates: Candidates[T] = candidates
        self._rest_s = rest_s
        self._clock = clock
        self._holders: dict[T, Key] = {}
        self._freed: dict[T, float] = {}
        self._next = 0

    def __contains__(self, item: object) -> bool:
        return item in self._candidates

    def holder(self, item: T) -> Key | None:
        return self._holders.get(item)

    def take(self, item: T, holder: Key) -> bool:
        """Whether `holder` has it now: it is a candidate and nobody else's. Asked for by name, it needs no rest."""
        if item not in self._candidates or self._holders.get(item, holder) != holder:
            return False
        self._holders[item] = holder
        self._freed.pop(item, None)
        return True

    def allocate(self, holder: Key) -> T | None:
        """One that is free; when all that are free still rest, the one that rested longest; None when none is free."""
        now, size = self._clock(), len(self._candidates)
        for offset in range(size):
            index = (self._next + offset) % size
            item = self._candidates[index]
            if item not in self._holders and self._freed.get(item, now) <= now:
                self._next = index + 1
                self.take(item, holder)
                return item
        rested = min(self._freed, key=lambda item: self._freed[item], default=None)
        if rested is not None:
            self.take(rested, holder)
        return rested

    def release(self, item: T, holder: Key) -> None:
        """Gives it back, if it is the holder's."""
        if self._holders.get(item) == holder:
            del self._holders[item]
            self._freed[item] = self._clock() + self._rest_s
