"""Reading a set of fields that a client sent."""

from typing import Any

from gatelab.apiserver.apply import path_elements
from gatelab.apiserver.apply.field_sets import EMPTY, ITSELF, FieldSet, contracted

_DEEPEST = 64


def read(value: Any, depth: int = 0) -> FieldSet:
    """The set, in its canonical form. Raises ValueError for what is none."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        raise ValueError("FieldsV1 is an object of path elements")
    result: dict[str, FieldSet] = {}
    for element, node in value.items():
        if element == ITSELF and depth:
            result[ITSELF] = EMPTY
        else:
            result[path_elements.canonical(element)] = contracted(read(node, depth + 1))
    return result
