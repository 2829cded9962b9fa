"""What a proxy shall have: every resource by type and name, who names whom, and what is named and not there."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field

from gatelab.persistent import PersistentMap
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, EncodedResource, Reference

Named = PersistentMap[str, EncodedResource]
Parents = PersistentMap[str, Mapping[Reference, EncodedResource]]
"""Per name those that name it, by their own references."""
_NOTHING: Named = PersistentMap()
_NO_PARENTS: Parents = PersistentMap()
_NAMING = (LISTENER, CLUSTER)
"""The types that name what Envoy asks for by its name. Routes name clusters, which it is told unasked."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable state of the world. `parents` are, per type and name, the resources here that name it; `missing`,
    per type, the names that are named and not here. What is as it was in the state `before` is not looked at again.
    """

    resources: Mapping[str, Mapping[str, EncodedResource]]
    before: InitVar["Snapshot | None"] = None
    parents: Mapping[str, Parents] = field(init=False, repr=False, compare=False)
    missing: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    _named: Mapping[str, Named] = field(init=False, repr=False, compare=False)

    def __post_init__(self, before: "Snapshot | None") -> None:
        named = {type_url: PersistentMap.of(each) for type_url, each in self.resources.items()}
        object.__setattr__(self, "_named", named)
        object.__setattr__(self, "parents", _parents(self, before))
        object.__setattr__(self, "missing", _missing(self, before))

    def with_endpoints(self, endpoints: Named) -> "Snapshot":
        """The same with other endpoints."""
        return Snapshot({**self.resources, ENDPOINTS: endpoints}, self)

    def of(self, type_url: str) -> Named:
        """All resources of a type, by name."""
        return self._named.get(type_url, _NOTHING)

    def parents_of(self, type_url: str) -> Parents:
        """Who names resources of a type, by the name."""
        return self.parents.get(type_url, _NO_PARENTS)

    def get(self, reference: Reference) -> EncodedResource | None:
        """One resource, if it is there."""
        type_url, name = reference
        return self.of(type_url).get(name)


def _parents(now: Snapshot, before: Snapshot | None) -> Mapping[str, Parents]:
    known = before.parents if before is not None else {}
    touched: dict[str, dict[str, dict[Reference, EncodedResource | None]]] = {}
    for type_url in _NAMING:
        named, was = now.of(type_url), before.of(type_url) if before is not None else _NOTHING
        for parent in named.changes_since(was):
            old, new = was.get(parent), named.get(parent)
            for child_type, child in old.needs if old is not None else ():
                touched.setdefault(child_type, {}).setdefault(child, {})[type_url, parent] = None
            for child_type, child in new.needs if new is not None else ():
                touched.setdefault(child_type, {}).setdefault(child, {})[type_url, parent] = new
    return {**known, **{each: _renamed(known.get(each, _NO_PARENTS), found) for each, found in touched.items()}}


def _renamed(known: Parents, touched: Mapping[str, Mapping[Reference, EncodedResource | None]]) -> Parents:
    """The parents of a type, where these name, or name no longer (None), what they did before."""
    put: dict[str, Mapping[Reference, EncodedResource]] = {}
    for name, changed in touched.items():
        found = {parent: each for parent, each in {**known.get(name, {}), **changed}.items() if each is not None}
        if found:
            put[name] = found
    return known.after(put, touched.keys() - put.keys())


def _missing(now: Snapshot, before: Snapshot | None) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for type_url, parents in now.parents.items():
        named, candidates = now.of(type_url), set[str]()
        if before is not None:
            candidates |= before.missing.get(type_url, frozenset())
        candidates |= parents.changes_since(before.parents_of(type_url) if before else _NO_PARENTS)
        candidates |= named.changes_since(before.of(type_url) if before else _NOTHING)
        found[type_url] = frozenset(name for name in candidates if name in parents and name not in named)
    return found
