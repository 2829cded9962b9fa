"""Taking away what a schema does not know, as the API does before it stores an object.

Null is read as absent, everywhere outside of free-form objects.
"""

from typing import Any

from gatelab.kinds.schemas.catalogue import Schema, resolved


def pruned(schema: Schema, value: Any) -> tuple[Any, list[str]]:
    """`value` without unknown fields and nulls, and the paths of the unknown fields (`spec.rules[0].foo`)."""
    unknown: list[str] = []
    return _pruned(schema, value, "", unknown), unknown


def _pruned(schema: Schema, value: Any, path: str, unknown: list[str]) -> Any:
    schema = resolved(schema)
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    if isinstance(value, list) and "items" in schema:
        return [_pruned(schema["items"], each, f"{path}[{i}]", unknown) for i, each in enumerate(value)]
    if isinstance(value, dict):
        return _pruned_object(schema, value, path, unknown)
    return value


def _pruned_object(schema: Schema, value: dict[str, Any], path: str, unknown: list[str]) -> dict[str, Any]:
    if values := schema.get("additionalProperties"):
        return {key: _pruned(values, each, f"{path}.{key}", unknown) for key, each in value.items() if each is not None}
    properties = schema.get("properties", {})
    kept = {}
    for key, each in value.items():
        below = f"{path}.{key}" if path else key
        if key not in properties:
            unknown.append(below)
        elif each is not None:
            kept[key] = _pruned(properties[key], each, below, unknown)
    return kept
