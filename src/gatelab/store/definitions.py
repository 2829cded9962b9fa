"""What must follow from a write of a CustomResourceDefinition: its names and status, and the end of its objects.

As `garbage`, it is asked about one object in the newest state, again whenever something that it looks at has changed
and about everything at start; so a crash in the middle of a deletion ends it no differently.
"""

from collections.abc import Sequence
from datetime import datetime

from gatelab.kinds.builtin import CUSTOM_RESOURCE_DEFINITION as DEFINITION
from gatelab.kinds.custom import definition, names
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, is_being_deleted
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.store.garbage import Delete, Rewrite, Step
from gatelab.store.stored import Stored
from gatelab.store.tables import Objects, Place


def affected_by(objects: Objects, kind: Kind, stored: Stored, *, removed: bool) -> Sequence[Place]:
    """The objects that `next_step` should be asked about after this write."""
    if kind == DEFINITION:
        group = stored.object["spec"]["group"]
        related = [Place(DEFINITION, each.key) for each in objects.sorted(DEFINITION) if _group(each) == group]
        return [*(_instances(objects, stored) if is_being_deleted(stored.object) else ()), *related]
    if kind.is_custom and (removed or is_being_deleted(stored.object)):
        return [Place(DEFINITION, Key("", kind.qualified_plural))]
    return ()


def next_step(objects: Objects, place: Place, now: datetime) -> Step | None:
    """What to do with the object at `place` now."""
    stored = objects.get(*place)
    if stored is None:
        return None
    if place.kind == DEFINITION:
        return _of_definition(objects, stored, now)
    if not place.kind.is_custom or is_being_deleted(stored.object):
        return None
    home = objects.get(DEFINITION, Key("", place.kind.qualified_plural))
    return Delete() if home is not None and is_being_deleted(home.object) else None


def _of_definition(objects: Objects, stored: Stored, now: datetime) -> Step | None:
    others = [
        each.object
        for each in objects.sorted(DEFINITION)
        if each.key != stored.key and _group(each) == stored.object["spec"]["group"]
    ]
    finalizers = [each for each in stored.metadata.get("finalizers") or () if each != definition.FINALIZER]
    if not is_being_deleted(stored.object) or _instances(objects, stored):
        finalizers.append(definition.FINALIZER)
    status = names.status(stored.object, others, to_rfc3339(now))
    if finalizers == (stored.metadata.get("finalizers") or []) and status == stored.object.get("status"):
        return None
    return Rewrite({**stored.object, "metadata": {**stored.metadata, "finalizers": finalizers}, "status": status})


def _instances(objects: Objects, stored: Stored) -> Sequence[Place]:
    kind = definition.read(stored.object).kind
    return [Place(kind, each.key) for each in objects.sorted(kind)]


def _group(stored: Stored) -> str:
    return str(stored.object["spec"]["group"])
