"""The set of fields that an object holds: what its applier owns."""

from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.apply.field_sets import EMPTY, ITSELF, FieldSet, contracted
from gatelab.apiserver.apply.parts import Part, parts
from gatelab.kinds.schemas.catalogue import Schema, resolved


def fields_of(schema: Schema, value: Mapping[str, Any]) -> FieldSet:
    """Every leaf, and with it every item and every key of a map on the way; fields on the way are not owned."""
    return _fields(parts(resolved(schema), value) or {})


def _fields(found: Mapping[str, Part]) -> FieldSet:
    result: dict[str, FieldSet] = {}
    for element, part in found.items():
        inner = parts(part.schema, part.value)
        if inner:
            fields = _fields(inner)
            node = fields if part.is_field else {ITSELF: EMPTY, **fields}
            if node:
                result[element] = contracted(node)
        elif not (part.is_field and inner is not None and isinstance(part.value, list)):
            # An empty list of items has nothing to own; an empty object is owned itself.
            result[element] = EMPTY
    return result
