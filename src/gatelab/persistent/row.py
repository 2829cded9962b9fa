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
        self._made: tuple[V, ...] | None = None

    def put(self, name: N, item: V) -> None:
        """The item takes its place, or that of the one of the same name."""
        place, rank = self._place(name)
        self._made = None
        if self._ranks[place : place + 1] == [rank]:
            self._items[place] = item
        else:
            self._ranks.insert(place, rank)
            self._items.insert(place, item)

    def take(self, name: N) -> None:
        """The item of that name goes, if there is one."""
        place, rank = self._place(name)
        if self._ranks[place : place + 1] == [rank]:
            self._made = None
            del self._ranks[place], self._items[place]

    @property
    def items(self) -> tuple[V, ...]:
        """All of them, in order: the same tuple as long as nothing changes."""
        if self._made is None:
            self._made = tuple(self._items)
        return self._made

    def _place(self, name: N) -> tuple[int, Any]:
        rank = self._rank(name)
        return bisect_left(self._ranks, rank), rank
