"""Whether the owners that an object names are there, as Kubernetes' garbage collector sees it.

An owner is looked for by kind, name and uid, in the object's own namespace or cluster-wide: one that is elsewhere is
absent. Of a kind that is not served nothing can be said, and an object without a namespace cannot belong to one that
has one; such objects are left alone (kubernetes/pkg/controller/garbagecollector, `attemptToDeleteItem`).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.objects import is_being_deleted
from gatelab.store.deletion import FOREGROUND, ORPHAN
from gatelab.store.stored import Stored
from gatelab.store.tables import IndexedObjects

_SCOPES = {(kind.group, kind.name): kind.namespaced for kind in BUILTIN}

Reference = Mapping[str, Any]


class Owner(Enum):
    """What an ownerReference comes to."""

    SOLID = "there, and it stays"
    WAITING = "being deleted in the foreground: its dependents go first"
    LEAVING = "being deleted, and lets its dependents go as orphans"
    ABSENT = "not there"
    UNKNOWN = "nobody can say"


def state(objects: IndexedObjects, dependent: Stored, reference: Reference) -> Owner:
    """What the reference comes to now."""
    namespaced = _is_namespaced(objects, reference)
    if namespaced is None or (namespaced and not dependent.key.namespace):
        return Owner.UNKNOWN
    owner = _find(objects, dependent.key.namespace if namespaced else "", reference)
    if owner is None:
        return Owner.ABSENT
    finalizers = owner.metadata.get("finalizers") or ()
    if is_being_deleted(owner.object) and ORPHAN in finalizers:
        return Owner.LEAVING
    return Owner.WAITING if is_being_deleted(owner.object) and FOREGROUND in finalizers else Owner.SOLID


def _find(objects: IndexedObjects, namespace: str, reference: Reference) -> Stored | None:
    place = objects.place_of(reference["uid"])
    if place is None or place.key != (namespace, reference.get("name")):
        return None
    same = (place.kind.group, place.kind.name) == (_group(reference), reference.get("kind"))
    return objects.get(*place) if same else None


def _group(reference: Reference) -> str:
    return str(reference.get("apiVersion") or "").rpartition("/")[0]


def _is_namespaced(objects: IndexedObjects, reference: Reference) -> bool | None:
    """Whether objects of the owner's kind have a namespace; None for a kind that is not served."""
    group, kind = _group(reference), reference.get("kind")
    if (group, kind) in _SCOPES:
        return _SCOPES[group, str(kind)]
    for definition in objects.sorted(CUSTOM_RESOURCE_DEFINITION):
        spec = definition.object["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind):
            return bool(spec["scope"] == "Namespaced")
    return None
