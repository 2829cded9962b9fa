"""Apply: an object becomes what its appliers want, field by field (KEP-555, "Apply")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.apiserver.apply import conflicts, entries, last_applied
from gatelab.apiserver.apply.compare import compared
from gatelab.apiserver.apply.conflicts import Taken
from gatelab.apiserver.apply.entries import Entries, Entry, Owner
from gatelab.apiserver.apply.field_sets import EMPTY, FieldSet, difference, intersection, union
from gatelab.apiserver.apply.merge import merged
from gatelab.apiserver.apply.owned import fields_of
from gatelab.apiserver.apply.removal import pruned
from gatelab.apiserver.apply.tracked import tracked, with_managed_fields, zero
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.catalogue import Schema

BEFORE_FIRST_APPLY = "before-first-apply"
"""The owner of what an object held when nobody had kept its owners yet."""


@dataclass(frozen=True, slots=True)
class Application:
    """What is applied, by whom. `wanted` is of the right types, and holds nothing that the applier may not write."""

    wanted: Mapping[str, Any]
    owner: Owner
    now: str
    force: bool = False


def created(schema: Schema, application: Application) -> dict[str, Any]:
    """The object that an apply makes where there is none."""
    fields = fields_of(schema, tracked(application.wanted))
    entry = Entry(application.owner, fields, application.now)
    return with_managed_fields(application.wanted, entries.listed(entries.by_identity([entry])))


def applied(schema: Schema, live: Object, application: Application) -> dict[str, Any]:
    """What the apply makes of `live`. Raises Conflict where it would take fields from others and is not forced."""
    owner, wanted = application.owner, application.wanted
    present = entries.stored(live["metadata"]) or _unowned(schema, live, owner, application.now)
    mine = present.get(owner.identity)
    others = {identity: entry for identity, entry in present.items() if identity != owner.identity}
    owned = union(entries.all_fields(others), fields_of(schema, wanted))
    formerly = mine.fields if mine else EMPTY
    new = pruned(schema, merged(schema, live, wanted), formerly, owned)
    change = compared(schema, tracked(live), tracked(new))
    if not application.force:
        _check(schema, live, owner, others, change.changed)
    others = dict(entries.without(entries.without(others, change.changed), change.removed))
    fields = fields_of(schema, tracked(wanted))
    is_same = mine is not None and mine.fields == fields and not change
    time = mine.time if mine and is_same else application.now
    listed = entries.listed(entries.by_identity([*others.values(), Entry(owner, fields, time)]))
    if last_applied.concerns(owner):
        new = last_applied.kept_current(new, wanted)
    return with_managed_fields(new, listed)


def settled(live: Object, new: Object) -> Object:
    """`live` where the complete `new` differs from it in the times of its entries only.

    What is applied has no defaults in its atomic lists, so it differs from what there is until it has got them.
    """
    before, after = live["metadata"].get("managedFields") or [], new["metadata"].get("managedFields") or []
    if _timeless(before) != _timeless(after):
        return new
    unchanged = with_managed_fields(new, before)
    return live if unchanged == live else new


def _timeless(listed: list[dict[str, Any]]) -> Mapping[tuple[str, ...], Any]:
    """What the entries say without their times."""
    names = ("manager", "operation", "apiVersion", "subresource")
    return {tuple(each.get(name, "") for name in names): each.get("fieldsV1") for each in listed}


def _unowned(schema: Schema, live: Object, owner: Owner, now: str) -> Entries:
    found = tracked(live)
    fields = compared(schema, zero(found, is_native=False), found).changed
    return entries.by_identity([Entry(Owner(BEFORE_FIRST_APPLY, "Update", owner.api_version), fields, now)])


def _check(schema: Schema, live: Object, owner: Owner, others: Entries, changed: FieldSet) -> None:
    taken = _taken(others, changed)
    if taken and last_applied.concerns(owner):
        allowed = last_applied.allowed(schema, live)
        taken = [(each, rest) for each, fields in taken if (rest := difference(fields, allowed))]
    if taken:
        raise conflicts.refusal(taken)


def _taken(others: Entries, changed: FieldSet) -> Taken:
    shared = [(entry.owner, intersection(entry.fields, changed)) for entry in others.values()]
    return [(owner, fields) for owner, fields in shared if fields]
