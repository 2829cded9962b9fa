"""What a create, an update or a patch does to the owners of fields."""

from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.apply import entries
from gatelab.apiserver.apply.compare import compared
from gatelab.apiserver.apply.entries import Entries, Entry, Owner
from gatelab.apiserver.apply.field_sets import union
from gatelab.apiserver.apply.tracked import tracked, with_managed_fields, zero
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.catalogue import Schema


def created(schema: Schema, obj: Object, owner: Owner, now: str, *, is_native: bool, without: str = "") -> Object:
    """The new object: all of it is its creator's, save the top-level field `without`."""
    if entries.is_reset(obj["metadata"]):
        return with_managed_fields(obj, [])
    found = tracked({name: value for name, value in obj.items() if name != without})
    fields = compared(schema, zero(found, is_native=is_native), found).changed
    present = _readable(obj["metadata"], {})
    return with_managed_fields(obj, entries.listed(_taken(present, Entry(owner, fields, now))))


def updated(schema: Schema, before: Object, obj: Object, owner: Owner, now: str) -> Object:
    """`obj`, which replaces `before`: what it changes becomes the writer's and nobody else's.

    An object whose owners were cleared has none until it is applied.
    """
    metadata = obj["metadata"]
    if not owner.subresource and entries.is_reset(metadata):
        return with_managed_fields(obj, [])
    live = entries.stored(before["metadata"])
    is_silent = bool(owner.subresource) or metadata.get("managedFields") == before["metadata"].get("managedFields")
    present = live if is_silent else _readable(metadata, live)
    if not present:
        return with_managed_fields(obj, [])
    found = compared(schema, tracked(before), tracked(obj))
    if not found and present is live:
        return with_managed_fields(obj, before["metadata"]["managedFields"])
    others = entries.without(entries.without(present, found.changed), found.removed)
    return with_managed_fields(obj, entries.listed(_taken(others, Entry(owner, found.changed, now))))


def _taken(present: Entries, taken: Entry) -> Entries:
    if not taken.fields:
        return present
    before = present.get(taken.owner.identity)
    fields = union(before.fields, taken.fields) if before else taken.fields
    return entries.by_identity([*present.values(), Entry(taken.owner, fields, taken.time)])


def _readable(metadata: Mapping[str, Any], live: Entries) -> Entries:
    """The entries that the client sent; those of the live object if it sent none, or none that can be read."""
    try:
        return entries.sent(metadata) or live
    except ValueError:
        return live
