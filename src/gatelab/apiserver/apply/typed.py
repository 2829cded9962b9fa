"""What keeps a configuration from being applied: fields that the schema does not declare, keys that come twice."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from gatelab.apiserver.apply import path_elements
from gatelab.apiserver.apply.parts import elements, field_schema, is_associative
from gatelab.kinds.schemas.catalogue import Schema, resolved


def problems(schema: Schema, value: Any, path: str = "") -> Iterator[str]:
    """What is wrong, in the words of structured-merge-diff."""
    schema = resolved(schema)
    if isinstance(value, dict):
        yield from _of_object(schema, value, path)
    elif isinstance(value, list):
        yield from _of_list(schema, value, path)


def _of_object(schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    is_closed = "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields")
    for name, each in value.items():
        known = field_schema(schema, name)
        if known or not is_closed or name in schema["properties"]:
            yield from problems(known, each, f"{path}.{name}")
        else:
            yield f"{path}.{name}: field not declared in schema"


def _of_list(schema: Schema, value: list[Any], path: str) -> Iterator[str]:
    named = elements(schema, value) if is_associative(schema) else [f"i:{index}" for index in range(len(value))]
    for element, count in Counter(named).items():
        if is_associative(schema) and element.startswith("i:"):
            keys = " ".join(f'"{key}"' for key in schema.get("x-kubernetes-list-map-keys", ()))
            yield (
                f"{path}: element {element[2:]}: associative list with keys has an element that omits all key fields "
                f"[{keys}] (and doesn't have default values for any key fields)"
            )
        elif count > 1:
            yield f"{path}: duplicate entries for key {path_elements.shown((element,))}"
    for element, each in zip(named, value, strict=True):
        yield from problems(schema.get("items", {}), each, path + path_elements.shown((element,)))
