"""What must follow from a write: dependents of owners that are gone, and the content of namespaces that end.

`next_step` looks at one object in the newest state and says what to do with it, if anything. It is asked again whenever
something that it looks at has changed, and about everything at start, so a crash in the middle of a cascade ends it
no differently.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, is_being_deleted
from gatelab.store.deletion import FOREGROUND
from gatelab.store.stored import Stored
from gatelab.store.tables import IndexedObjects, Place, owner_references


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete it as a client would: finalizers and grace periods hold."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Put this in its place."""

    object: dict[str, Any]


Step = Delete | Rewrite


def affected_by(objects: IndexedObjects, kind: Kind, stored: Stored, *, removed: bool) -> Sequence[Place]:
    """The objects that `next_step` should be asked about after this write, itself among them."""
    itself = Place(kind, stored.key)
    owners = [place for each in owner_references(stored) if (place := objects.place_of(each["uid"])) is not None]
    home = [Place(NAMESPACE, Key("", stored.key.namespace))] if stored.key.namespace and removed else []
    if not removed and not is_being_deleted(stored.object):
        return [itself] if owner_references(stored) else []
    content = objects.content(stored.key.name) if kind == NAMESPACE else ()
    return [*content, *objects.dependents(stored.uid), *owners, itself, *home]


def next_step(objects: IndexedObjects, place: Place, in_grace: Container[str] = ()) -> Step | None:
    """What to do with the object at `place` now. The content of namespaces `in_grace` (uids) is left alone for now."""
    stored = objects.get(*place)
    if stored is None:
        return None
    if is_being_deleted(stored.object):
        return _finish(objects, place.kind, stored)
    if _home_ends(objects, stored, in_grace) or _an_owner_waits(objects, stored):
        return Delete()
    return _without_absent_owners(objects, stored)


def _finish(objects: IndexedObjects, kind: Kind, stored: Stored) -> Step | None:
    finalizers = stored.metadata.get("finalizers") or []
    if FOREGROUND in finalizers and not _is_blocked(objects, stored):
        rest = [each for each in finalizers if each != FOREGROUND]
        return Rewrite({**stored.object, "metadata": {**stored.metadata, "finalizers": rest}})
    if kind == NAMESPACE and stored.object["spec"].get("finalizers") and not objects.content(stored.key.name):
        return Rewrite({**stored.object, "spec": {**stored.object["spec"], "finalizers": []}})
    return None


def _is_blocked(objects: IndexedObjects, owner: Stored) -> bool:
    for place in objects.dependents(owner.uid):
        dependent = objects.get(*place)
        references = owner_references(dependent) if dependent is not None else ()
        if any(each["uid"] == owner.uid and each.get("blockOwnerDeletion") for each in references):
            return True
    return False


def _home_ends(objects: IndexedObjects, stored: Stored, in_grace: Container[str]) -> bool:
    home = objects.get(NAMESPACE, Key("", stored.key.namespace)) if stored.key.namespace else None
    return home is not None and is_being_deleted(home.object) and home.uid not in in_grace


def _an_owner_waits(objects: IndexedObjects, stored: Stored) -> bool:
    for reference in owner_references(stored):
        place = objects.place_of(reference["uid"])
        owner = objects.get(*place) if place is not None else None
        if owner is not None and FOREGROUND in (owner.metadata.get("finalizers") or ()):
            return is_being_deleted(owner.object)
    return False


def _without_absent_owners(objects: IndexedObjects, stored: Stored) -> Step | None:
    references = owner_references(stored)
    live = [each for each in references if objects.is_live(each["uid"])]
    if len(live) == len(references):
        return None
    if not live:
        return Delete()
    return Rewrite({**stored.object, "metadata": {**stored.metadata, "ownerReferences": live}})
