"""All objects in memory, with the indices that deletion needs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.store.stored import Stored


class Place(NamedTuple):
    """Where an object is: its kind and its key."""

    kind: Kind
    key: Key


class Objects:
    """Objects by kind and key, and nothing else: what readers see."""

    def __init__(self) -> None:
        self._by_kind: defaultdict[str, dict[Key, Stored]] = defaultdict(dict)
        self._kinds: dict[str, Kind] = {}

    def get(self, kind: Kind, key: Key) -> Stored | None:
        return self._by_kind[kind.qualified_plural].get(key)

    def put(self, kind: Kind, stored: Stored) -> None:
        self._kinds[kind.qualified_plural] = kind
        self._by_kind[kind.qualified_plural][stored.key] = stored

    def remove(self, kind: Kind, key: Key) -> None:
        self._by_kind[kind.qualified_plural].pop(key, None)

    def sorted(self, kind: Kind) -> Sequence[Stored]:
        return sorted(self._by_kind[kind.qualified_plural].values(), key=attrgetter("key"))

    def counts(self) -> Mapping[str, int]:
        """How many there are of each resource (`plural.group`), of those that there ever were."""
        return {resource: len(objects) for resource, objects in self._by_kind.items() if resource in self._kinds}

    def __iter__(self) -> Iterator[tuple[Kind, Stored]]:
        for resource, objects in self._by_kind.items():
            for stored in objects.values():
                yield self._kinds[resource], stored


class IndexedObjects(Objects):
    """The same with indices by uid, owner and namespace: the newest state, which writers look at."""

    def __init__(self, content: Iterable[tuple[Kind, Stored]] = ()) -> None:
        super().__init__()
        self._uids: dict[str, Place] = {}
        self._dependents: defaultdict[str, dict[Place, None]] = defaultdict(dict)
        self._by_namespace: defaultdict[str, dict[Place, None]] = defaultdict(dict)
        for kind, stored in content:
            self.put(kind, stored)

    def place_of(self, uid: str) -> Place | None:
        return self._uids.get(uid)

    def dependents(self, uid: str) -> Sequence[Place]:
        """The objects that name the uid in an ownerReference, oldest reference first."""
        return tuple(self._dependents.get(uid, ()))

    def content(self, namespace: str) -> Sequence[Place]:
        """Every object in a namespace."""
        return tuple(self._by_namespace.get(namespace, ()))

    def put(self, kind: Kind, stored: Stored) -> None:
        self._unindex(kind, stored.key)
        super().put(kind, stored)
        place = Place(kind, stored.key)
        self._uids[stored.uid] = place
        for reference in owner_references(stored):
            self._dependents[reference["uid"]][place] = None
        if stored.key.namespace:
            self._by_namespace[stored.key.namespace][place] = None

    def remove(self, kind: Kind, key: Key) -> None:
        self._unindex(kind, key)
        super().remove(kind, key)
        _discard(self._by_namespace, key.namespace, Place(kind, key))

    def _unindex(self, kind: Kind, key: Key) -> None:
        old = self.get(kind, key)
        if old is None:
            return
        self._uids.pop(old.uid, None)
        for reference in owner_references(old):
            _discard(self._dependents, reference["uid"], Place(kind, key))


def owner_references(stored: Stored) -> Sequence[Mapping[str, Any]]:
    """The ownerReferences that name somebody."""
    return [each for each in stored.metadata.get("ownerReferences") or () if each.get("uid")]


def _discard(index: dict[str, dict[Place, None]], name: str, place: Place) -> None:
    if name in index:
        index[name].pop(place, None)
        if not index[name]:
            del index[name]
