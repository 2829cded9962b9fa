"""Taking away what an applier owned, wants no longer, and nobody else owns."""

from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.apply.field_sets import EMPTY, FieldSet, below, is_member
from gatelab.apiserver.apply.merge import values
from gatelab.apiserver.apply.parts import Part, parts
from gatelab.kinds.schemas.catalogue import Schema, resolved


def pruned(schema: Schema, value: Mapping[str, Any], formerly: FieldSet, owned: FieldSet) -> dict[str, Any]:
    """`value` without what is in `formerly` and not in `owned`; with an item or a field goes what is below it.

    A field on the way to an owned one counts as owned, as nobody owns the fields of an object by themselves.
    """
    schema = resolved(schema)
    kept = _kept(parts(schema, value) or {}, formerly, owned)
    return {element[2:]: part.value for element, part in kept.items()}


def _kept(found: Mapping[str, Part], formerly: FieldSet, owned: FieldSet) -> dict[str, Part]:
    kept = {}
    for element, part in found.items():
        was, still = formerly.get(element), owned.get(element)
        if was is None:
            kept[element] = part
        elif not _holds(part, was) or _holds(part, still):
            left = _without(part, was, still)
            if left is not None:
                kept[element] = left
    return kept


def _holds(part: Part, node: FieldSet | None) -> bool:
    return node is not None and (part.is_field or is_member(node))


def _without(part: Part, was: FieldSet, still: FieldSet | None) -> Part | None:
    """What is left of a part; None when it was emptied and is not owned by itself."""
    inner = parts(part.schema, part.value)
    if not inner:
        return part
    kept = _kept(inner, below(was), EMPTY if still is None else below(still))
    if len(kept) == len(inner) and all(kept[element] is inner[element] for element in kept):
        return part
    if not kept and (still is None or not is_member(still)):
        return None
    rest: Any = {element[2:]: each.value for element, each in kept.items()}
    if isinstance(part.value, list):
        rest = [value for each in kept.values() for value in values(each)]
    return part._replace(value=rest)
