"""A persistent map (Driscoll, Sarnak, Sleator and Tarjan, 1989) with a short memory of its ancestors."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar, cast, overload

from immutables import Map

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

_REMEMBERED = 16
"""Ancestors. Who looks less often than that has missed a burst, and does not lose much by comparing everything."""
_NOTHING: Any = object()
_Mark = object
"""What tells a map from all others, and keeps none of them alive."""
_Past = tuple[tuple[_Mark, frozenset[K]], ...]
"""The ancestors, and the names that were changed in each to make the next."""


class PersistentMap(Mapping[K, V]):
    """Immutable, and safe to read from any thread. Without an order, and compared by value like any mapping."""

    __slots__ = ("_items", "_mark", "_past")

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._items: Map[K, V] = Map(items)
        self._mark = _Mark()
        self._past: _Past[K] = ()

    @classmethod
    def of(cls, items: Mapping[K, V]) -> "PersistentMap[K, V]":
        """Itself if it is one."""
        return items if isinstance(items, PersistentMap) else cls(items)

    def after(self, put: Mapping[K, V], gone: Iterable[K] = ()) -> "PersistentMap[K, V]":
        """The map with these values, and without those names; itself if that is how it is, by identity of values."""
        changed = {name: value for name, value in put.items() if self._items.get(name, _NOTHING) is not value}
        lost = {name for name in gone if name in self._items and name not in put}
        if not changed and not lost:
            return self
        with self._items.mutate() as items:
            for name in lost:
                del items[name]
            items.update(changed)
            made = PersistentMap(items.finish())
        made._past = _recent((*self._past, (self._mark, frozenset((*changed, *lost)))), len(self))
        return made

    def changes_since(self, before: Mapping[K, V]) -> AbstractSet[K]:
        """The names that are new, gone, or have another value than in `before`; perhaps more, of values that went and
        came back.
        """
        if before is self:
            return frozenset()
        if isinstance(before, PersistentMap):
            changed: frozenset[K] = frozenset()
            for mark, names in reversed(self._past):
                changed |= names
                if mark is before._mark:  # noqa: SLF001 - a map of the same class
                    return changed
        return differences(before, self)

    def __getitem__(self, name: K) -> V:
        return self._items[name]

    @overload
    def get(self, name: K, /) -> V | None: ...
    @overload
    def get(self, name: K, /, default: V | D) -> V | D: ...
    def get(self, name: K, /, default: Any = None) -> Any:
        return self._items.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> ItemsView[K, V]:
        return cast("ItemsView[K, V]", self._items.items())

    def values(self) -> ValuesView[V]:
        return cast("ValuesView[V]", self._items.values())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PersistentMap):
            return self is other or bool(self._items == other._items)
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self._items)!r})"


def _recent(past: _Past[K], most: int) -> _Past[K]:
    """The last of these that have so many names together: to look at more is no better than to compare everything."""
    kept = 0
    for _, names in reversed(past[-_REMEMBERED:]):
        most -= len(names)
        if most < 0:
            break
        kept += 1
    return past[len(past) - kept :]


def differences(before: Mapping[K, V], now: Mapping[K, V]) -> AbstractSet[K]:
    """As `PersistentMap.changes_since`, by comparing everything."""
    changed = {name for name, value in now.items() if before.get(name, _NOTHING) is not value}
    changed.update(name for name in before if name not in now)
    return changed
