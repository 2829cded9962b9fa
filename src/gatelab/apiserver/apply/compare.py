"""How two versions of an object differ, as sets of fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.apiserver.apply.field_sets import EMPTY, ITSELF, FieldSet, contracted
from gatelab.apiserver.apply.parts import Part, parts
from gatelab.kinds.schemas.catalogue import Schema, resolved

_ABSENT = Part(None, {}, False)
_NOTHING: FieldSet = {}
_WHOLE: FieldSet = {ITSELF: EMPTY}


@dataclass(frozen=True, slots=True)
class Difference:
    """`changed` are the fields that are new or have another value, `removed` those that are no longer there."""

    changed: FieldSet
    removed: FieldSet

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


def compared(schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """What became of `old`. Only what differs is walked."""
    schema = resolved(schema)
    changed, removed = _compared(Part(old, schema, True), Part(new, schema, True))
    return Difference(changed, removed)


def _compared(old: Part, new: Part) -> tuple[FieldSet, FieldSet]:
    """Both sets at an element, with the element itself spelled out."""
    if old.value is new.value or (old is not _ABSENT and new is not _ABSENT and old.value == new.value):
        return _NOTHING, _NOTHING
    before = None if old is _ABSENT else parts(old.schema, old.value)
    after = None if new is _ABSENT else parts(new.schema, new.value)
    is_leaf = (before is None and old is not _ABSENT) or (after is None and new is not _ABSENT)
    if is_leaf or not (before or after):
        return (_NOTHING, _WHOLE) if new is _ABSENT else (_WHOLE, _NOTHING)
    changed, removed = _of_parts(before or {}, after or {})
    if old is _ABSENT:
        changed[ITSELF] = EMPTY
    if new is _ABSENT:
        removed[ITSELF] = EMPTY
    return changed, removed


def _of_parts(before: Mapping[str, Part], after: Mapping[str, Part]) -> tuple[dict[str, FieldSet], dict[str, FieldSet]]:
    changed: dict[str, FieldSet] = {}
    removed: dict[str, FieldSet] = {}
    for element in before.keys() | after.keys():
        new, gone = _compared(before.get(element, _ABSENT), after.get(element, _ABSENT))
        if new:
            changed[element] = contracted(new)
        if gone:
            removed[element] = contracted(gone)
    return changed, removed
