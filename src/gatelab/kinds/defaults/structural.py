"""Defaults that schemas carry (`default`), as a CustomResourceDefinition's are applied."""

from typing import Any

from gatelab.kinds.schemas.catalogue import Schema, resolved


def with_schema_defaults(schema: Schema, value: Any) -> Any:
    """`value` with every absent field that has a default; parts without a default below are shared, not copied."""
    schema = resolved(schema)
    if isinstance(value, list) and "items" in schema:
        return [with_schema_defaults(schema["items"], each) for each in value]
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    completed = dict(value)
    for key, each in value.items():
        known = properties.get(key, others)
        if known is not None:
            completed[key] = with_schema_defaults(known, each)
    for key, known in properties.items():
        if key not in completed and "default" in known:
            completed[key] = with_schema_defaults(known, known["default"])
    return completed
