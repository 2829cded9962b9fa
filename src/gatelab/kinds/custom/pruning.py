"""Taking away from a custom object what its schema does not know (KEP 2337, "Structural schemas").

A field that is null, and is not said to be nullable, is absent, as in Kubernetes: Go clients send `addresses: null`.
Null elements of lists stay, for the schema to judge.
"""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.schemas.catalogue import Schema, resolved
from gatelab.kinds.schemas.prune import pruned as natively_pruned

METADATA = {"$ref": "meta_v1.ObjectMeta"}
_TYPE = {"type": "string"}


def whole(schema: Schema) -> dict[str, Any]:
    """The schema of whole objects: the definition's, with what every object has; embedded resources likewise."""
    return _with_type(_effective(schema))


def _with_type(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**schema.get("properties", {}), "apiVersion": _TYPE, "kind": _TYPE, "metadata": METADATA}
    return {**schema, "type": "object", "properties": properties}


def _effective(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {"x-kubernetes-preserve-unknown-fields": True}
    new = dict(schema)
    if isinstance(properties := new.get("properties"), Mapping):
        new["properties"] = {key: _effective(each) for key, each in properties.items()}
    if "items" in new:
        new["items"] = _effective(new["items"])
    if "additionalProperties" in new:
        new["additionalProperties"] = _effective(new["additionalProperties"])
    if new.get("x-kubernetes-embedded-resource"):
        required = [*new.get("required", ()), *({"apiVersion", "kind"} - {*new.get("required", ())})]
        new = {**_with_type(new), "required": sorted(required)}
    return new


def pruned(schema: Schema, value: Any) -> tuple[Any, list[str]]:
    """`value` without unknown fields, and their paths. `schema` is one that `whole` made."""
    unknown: list[str] = []
    return _pruned(schema, value, "", unknown), unknown


def _pruned(schema: Schema, value: Any, path: str, unknown: list[str]) -> Any:
    if schema.get("$ref") == METADATA["$ref"]:
        kept, found = natively_pruned(schema, value)
        unknown += [f"{path}.{each}" for each in found]
        return kept
    schema = resolved(schema)
    if isinstance(value, list) and "items" in schema:
        return [_pruned(schema["items"], each, f"{path}[{i}]", unknown) for i, each in enumerate(value)]
    if isinstance(value, dict):
        return _pruned_object(schema, value, path, unknown)
    return value


def _pruned_object(schema: Schema, value: dict[str, Any], path: str, unknown: list[str]) -> dict[str, Any]:
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-int-or-string")
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    kept = {}
    for key, each in value.items():
        below = f"{path}.{key}" if path else key
        known = properties.get(key, others)
        if known is None:
            if keeps:
                kept[key] = each
            else:
                unknown.append(below)
        elif each is not None or known.get("nullable"):
            kept[key] = _pruned(known, each, below, unknown)
    return kept
