"""What must follow from a write: dependents of owners that are gone, and the content of namespaces that end.

`next_step` looks at one object in the newest state and says what to do with it, if anything. It is asked again whenever
something that it looks at has changed, and about everything at start, so a crash in the middle of a cascade ends it
no differently.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, is_being_deleted
from gatelab.store import namespaces, owners
from gatelab.store.deletion import FOREGROUND, ORPHAN, Propagation
from gatelab.store.owners import Owner
from gatelab.store.stored import Stored
from gatelab.store.tables import IndexedObjects, Place, owner_references


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete it as a client would: finalizers and grace periods hold."""

    propagation: Propagation | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Put this in its place."""

    object: dict[str, Any]


Step = Delete | Rewrite


def affected_by(
    objects: IndexedObjects, kind: Kind, before: Stored | None, stored: Stored, *, removed: bool
) -> Sequence[Place]:
    """The objects that `next_step` should be asked about after this write, itself among them."""
    itself = Place(kind, stored.key)
    references = (*owner_references(stored), *(owner_references(before) if before is not None else ()))
    named = [place for each in references if (place := objects.place_of(each["uid"])) is not None]
    if not removed and not is_being_deleted(stored.object):
        return [itself, *named] if references else []
    home = [Place(NAMESPACE, Key("", stored.key.namespace))] if stored.key.namespace else []
    content = objects.content(stored.key.name) if kind == NAMESPACE else ()
    return [*content, *objects.dependents(stored.uid), *named, itself, *home]


def next_step(objects: IndexedObjects, place: Place, now: datetime, in_grace: Container[str] = ()) -> Step | None:
    """What to do with the object at `place` now. The content of namespaces `in_grace` (uids) is left alone for now."""
    stored = objects.get(*place)
    if stored is None:
        return None
    if is_being_deleted(stored.object):
        waits = place.kind == NAMESPACE and stored.uid in in_grace
        return None if waits and objects.content(stored.key.name) else _finish(objects, place.kind, stored, now)
    if _home_ends(objects, stored, in_grace):
        return Delete("Background")
    return _by_owners(objects, stored)


def _finish(objects: IndexedObjects, kind: Kind, stored: Stored, now: datetime) -> Step | None:
    finalizers = stored.metadata.get("finalizers") or []
    if FOREGROUND in finalizers and not _is_blocked(objects, stored):
        return _without_finalizer(stored, FOREGROUND)
    if ORPHAN in finalizers and not objects.dependents(stored.uid):
        return _without_finalizer(stored, ORPHAN)
    if kind == NAMESPACE and stored.object["spec"].get("finalizers"):
        new = namespaces.ended(objects, stored, now)
        return Rewrite(new) if new is not None else None
    return None


def _without_finalizer(stored: Stored, finalizer: str) -> Rewrite:
    rest = [each for each in stored.metadata["finalizers"] if each != finalizer]
    return Rewrite({**stored.object, "metadata": {**stored.metadata, "finalizers": rest}})


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


def _by_owners(objects: IndexedObjects, stored: Stored) -> Step | None:
    """One owner that stays is enough to stay; without any, the object goes with those that it had."""
    states = [(each, owners.state(objects, stored, each)) for each in owner_references(stored)]
    found = {state for _, state in states}
    if Owner.UNKNOWN in found or not found - {Owner.SOLID}:
        return None
    if Owner.LEAVING in found:
        return _with_references(stored, [each for each, state in states if state != Owner.LEAVING])
    if Owner.SOLID in found:
        return _with_references(stored, [each for each, state in states if state == Owner.SOLID])
    # A dependent that has dependents of its own waits for them in turn, and so does the owner that waits for it.
    return Delete("Foreground" if Owner.WAITING in found and objects.dependents(stored.uid) else None)


def _with_references(stored: Stored, references: Sequence[Any]) -> Rewrite:
    metadata = {**stored.metadata, "ownerReferences": list(references)}
    if not references:
        del metadata["ownerReferences"]
    return Rewrite({**stored.object, "metadata": metadata})
