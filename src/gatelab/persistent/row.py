"""What stands in order, from one state to the next."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Generic, TypeVar

N = TypeVar("N")
V = TypeVar("V")


class Row(Generic[N, V]):
    """Named items in the order of `rank`, which tells any two names apart. To put or take one looks at few others."""

    def __init__(self, rank: Callable[[N], Any]) -> None:
        self._rank = rank
        self._ranks: list[Any] = []
        self._items: list[V] = []

    def put(self, name: N, item: V) -> None:
        """The item takes its place, or that of the one of the same name."""
        rank = self._rank(name)
        place = bisect_left(self._ranks, rank)
        if self._ranks[place : place + 1] == [rank]:
            self._items[place] = item
        else:
            self._ranks.insert(place, rank)
            self._items.insert(place, item)

    def take(self, name: N) -> None:
        """The item of that name goes, if there is one."""
        rank = self._rank(name)
        place = bisect_left(self._ranks, rank)
        if self._ranks[place : place + 1] == [rank]:
            del self._ranks[place], self._items[place]

    @property
    def items(self) -> tuple[V, ...]:
        """All of them, in order."""
        return tuple(self._items)
