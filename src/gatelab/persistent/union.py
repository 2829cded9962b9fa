"""One map of several, from one state of them to the next."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Generic, TypeVar

from gatelab.persistent.map import PersistentMap

K = TypeVar("K")
V = TypeVar("V")


class Union(Generic[K, V]):
    """Of maps that agree on the names they share. Only names that have changed in one of them are looked at."""

    def __init__(self) -> None:
        self._parts: tuple[PersistentMap[K, V], ...] = ()
        self._whole: PersistentMap[K, V] = PersistentMap()

    def of(self, parts: Iterable[PersistentMap[K, V]]) -> PersistentMap[K, V]:
        """All that is in these now."""
        parts = tuple(parts)
        nothing: PersistentMap[K, V] = PersistentMap()
        names: set[K] = set()
        for before, now in zip_longest(self._parts, parts, fillvalue=nothing):
            names |= now.changes_since(before)
        put = {name: part[name] for part in parts for name in names if name in part}
        self._parts, self._whole = parts, self._whole.after(put, names - put.keys())
        return self._whole
