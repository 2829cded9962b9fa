"""Mirrors: live, read-only copies of a kind, kept by one watch and shared by all controllers of a runtime."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence

from gatelab.cluster.port import Applied, Deleted, Replaced, WatchEvent
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of

Change = tuple[Object | None, Object | None]
"""An object before and after; one of them may be None."""


def version_of(obj: Object) -> int:
    """The resourceVersion as a number, by which versions of a kind are ordered (Kubernetes KEP-5504); else 0."""
    text = obj["metadata"].get("resourceVersion", "")
    return int(text) if text.isdecimal() else 0


class _Index:
    def __init__(self, values: Callable[[Object], Iterable[str]]) -> None:
        self._values = values
        self._keys: dict[str, set[Key]] = {}

    def add(self, key: Key, obj: Object) -> None:
        for value in self._values(obj):
            self._keys.setdefault(value, set()).add(key)

    def remove(self, key: Key, obj: Object) -> None:
        for value in self._values(obj):
            keys = self._keys.get(value, set())
            keys.discard(key)
            if not keys:
                self._keys.pop(value, None)

    def keys(self, value: str) -> Sequence[Key]:
        return sorted(self._keys.get(value, ()))


class Followed:
    """The keys that have changed in a mirror since somebody asked last; at first all that are there."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._changed = set(keys)

    def add(self, key: Key) -> None:
        self._changed.add(key)

    def take(self) -> Collection[Key]:
        """The changed keys, which the caller looks at now. What changes later is for the next call."""
        taken, self._changed = self._changed, set()
        return taken


class Mirror:
    """A live copy of one kind. It lags behind writes by a watch event; objects in it are shared, never changed."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        """Set when the first whole state is there."""
        self.version = 0
        """The highest resourceVersion seen."""
        self._objects: dict[Key, Object] = {}
        self._sorted: dict[str | None, Sequence[Object]] = {}
        self._indices: dict[str, _Index] = {}
        self._followers: list[Followed] = []

    def get(self, key: Key) -> Object | None:
        return self._objects.get(key)

    def list(self, namespace: str | None = None) -> Sequence[Object]:
        """Sorted by key; of all namespaces if none is named."""
        found = self._sorted.get(namespace)
        if found is None:
            wanted = (key for key in self._objects if namespace is None or key.namespace == namespace)
            found = self._sorted[namespace] = tuple(self._objects[key] for key in sorted(wanted))
        return found

    def by_index(self, index: str, value: str) -> Sequence[Object]:
        """The objects that have `value` in an index, sorted by key. Raises KeyError for an index never added."""
        return [self._objects[key] for key in self._indices[index].keys(value)]

    def add_index(self, index: str, values: Callable[[Object], Iterable[str]]) -> None:
        """Makes `by_index(index, …)` answer. `values` is pure and total. One name is one index, whoever adds it."""
        if index in self._indices:
            return
        made = self._indices[index] = _Index(values)
        for key, obj in self._objects.items():
            made.add(key, obj)

    def follow(self) -> Followed:
        """For one who keeps something up to date with the mirror: work grows with what changes, not with what is there.

        It is followed as long as the mirror lives.
        """
        followed = Followed(self._objects)
        self._followers.append(followed)
        return followed

    def apply(self, event: WatchEvent) -> Sequence[Change]:
        """Takes an event in and returns what changed by it. For the one who feeds the mirror."""
        match event:
            case Applied(obj):
                return (self._put(obj),)
            case Deleted(obj):
                return (self._drop(key_of(obj), obj),)
            case Replaced(objects):
                return self._replace(objects)

    def _replace(self, objects: Sequence[Object]) -> Sequence[Change]:
        kept = {key_of(obj) for obj in objects}
        gone = [self._drop(key, obj) for key, obj in list(self._objects.items()) if key not in kept]
        changed = [self._put(obj) for obj in objects if self._objects.get(key_of(obj)) != obj]
        self.synced.set()
        return gone + changed

    def _put(self, obj: Object) -> Change:
        key = key_of(obj)
        old = self._objects.get(key)
        for index in self._indices.values():
            if old is not None:
                index.remove(key, old)
            index.add(key, obj)
        self._objects[key] = obj
        self._moved(key, obj)
        return old, obj

    def _drop(self, key: Key, last: Object) -> Change:
        old = self._objects.pop(key, None)
        if old is not None:
            for index in self._indices.values():
                index.remove(key, old)
        self._moved(key, last)
        return old or last, None

    def _moved(self, key: Key, obj: Object) -> None:
        for follower in self._followers:
            follower.add(key)
        self.version = max(self.version, version_of(obj))
        self._sorted.pop(key.namespace, None)
        self._sorted.pop(None, None)


class Mirrors:
    """The mirrors of a runtime: one for each kind that some controller watches."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_kind = {kind: Mirror(kind) for kind in kinds}

    def of(self, kind: Kind) -> Mirror:
        """Raises KeyError when no controller watches the kind: name it in `Controller.watches()`."""
        return self._by_kind[kind]

    def all(self) -> Sequence[Mirror]:
        return tuple(self._by_kind.values())
