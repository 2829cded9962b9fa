"""What of a value can be owned apart from the rest: fields of objects, keys of maps, items of keyed lists and sets.

The marks are those of structural schemas: `x-kubernetes-list-type` (atomic unless said otherwise) and
`x-kubernetes-map-type` (granular unless said otherwise).
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gatelab.apiserver.apply import path_elements
from gatelab.kinds.schemas.catalogue import Schema, resolved

_UNKNOWN: Schema = {}


class Part(NamedTuple):
    """A part of a value. `is_field` tells a field that the schema names from keys and items."""

    value: Any
    schema: Schema
    is_field: bool


class Repeated(list[Any]):
    """The items of a list that have one key, where there should be one: owned together."""


def parts(schema: Schema, value: Any) -> Mapping[str, Part] | None:
    """The parts by path element; None for what is owned as a whole. `schema` is resolved."""
    if isinstance(value, dict):
        return None if schema.get("x-kubernetes-map-type") == "atomic" else _of_object(schema, value)
    if isinstance(value, list) and is_associative(schema):
        return _of_list(schema, value)
    return None


def is_associative(schema: Schema) -> bool:
    return schema.get("x-kubernetes-list-type") in ("map", "set")


def field_schema(schema: Schema, name: str) -> Schema:
    """The schema of a field or key; the empty one where nothing is known."""
    found = schema.get("properties", {}).get(name)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, Mapping) else _UNKNOWN


def _of_object(schema: Schema, value: Mapping[str, Any]) -> Mapping[str, Part]:
    fields = schema.get("properties", {})
    return {
        f"f:{name}": Part(each, resolved(field_schema(schema, name)), name in fields) for name, each in value.items()
    }


def _of_list(schema: Schema, value: list[Any]) -> Mapping[str, Part]:
    items = resolved(schema.get("items", _UNKNOWN))
    found: dict[str, Part] = {}
    for element, each in zip(elements(schema, value), value, strict=True):
        before = found.get(element)
        if before is None:
            found[element] = Part(each, items, False)
        else:
            others = before.value if isinstance(before.value, Repeated) else Repeated([before.value])
            found[element] = Part(Repeated([*others, each]), _UNKNOWN, False)
    return found


def elements(schema: Schema, value: Iterable[Any]) -> list[str]:
    """The path elements of a list's items, one each."""
    if schema.get("x-kubernetes-list-type") == "set":
        return [path_elements.of_value(each) for each in value]
    names = schema.get("x-kubernetes-list-map-keys", ())
    properties = resolved(schema.get("items", _UNKNOWN)).get("properties", {})
    defaults = {name: properties[name]["default"] for name in names if "default" in properties.get(name, ())}
    return [_element(names, defaults, index, each) for index, each in enumerate(value)]


def _element(names: Iterable[str], defaults: Mapping[str, Any], index: int, item: Any) -> str:
    given = item if isinstance(item, dict) else {}
    keys = {name: given.get(name, defaults.get(name)) for name in names if name in given or name in defaults}
    return path_elements.of_item(keys) if keys else f"i:{index}"
