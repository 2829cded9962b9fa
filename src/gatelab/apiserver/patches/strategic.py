"""Strategic merge patch: a merge patch that knows how lists merge.

Lists whose schema names a merge key merge item by item; the directives are those of Kubernetes' community document
"strategic-merge-patch": `$patch` (delete, replace, merge), `$retainKeys`, `$deleteFromPrimitiveList/<field>` and
`$setElementOrder/<field>`.
"""

from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.patches import strategic_lists
from gatelab.apiserver.patches.strategic_lists import PATCH
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.schemas.catalogue import Schema, resolved

_RETAIN = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic_patched(schema: Schema, document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patched copy of the object that the schema describes. Raises BadRequest for directives that make no sense."""
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: a strategic merge patch is an object")
    return _object(schema, document, patch) or {}


def _object(schema: Schema, document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any] | None:
    """The patched object; None when the patch deletes it."""
    directive = patch.get(PATCH)
    plain = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "delete":
        return None
    if directive == "replace":
        return plain
    if directive not in (None, "merge"):
        raise BadRequest(f"unknown patch directive {PATCH}: {directive!r}")
    result = _retained(document, patch, plain) if _RETAIN in patch else dict(document)
    for key in patch:
        field = key.removeprefix(_DELETE_FROM)
        if field != key and isinstance(result.get(field), list):
            result[field] = strategic_lists.without(result[field], _listed(patch, key))
        elif field != key:
            _listed(patch, key)
    for key, value in plain.items():
        _merge_field(schema, result, key, value, patch)
    for key in patch:
        field = key.removeprefix(_ORDER)
        if field != key and field not in plain and isinstance(result.get(field), list):
            merge_key = _field_schema(schema, field).get("x-kubernetes-patch-merge-key")
            result[field] = strategic_lists.ordered(result[field], result[field], _listed(patch, key), merge_key)
    return result


def _retained(document: Mapping[str, Any], patch: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    retained = [each for each in _listed(patch, _RETAIN) if isinstance(each, str)]
    unnamed = [key for key, value in plain.items() if value is not None and key not in retained]
    if unnamed:
        raise BadRequest(f"invalid patch format of retainKeys: it does not name {', '.join(unnamed)} of its own patch")
    return {key: value for key, value in document.items() if key in retained}


def _listed(patch: Mapping[str, Any], key: str) -> list[Any]:
    value = patch[key]
    if not isinstance(value, list):
        raise BadRequest(f"{key} in a strategic merge patch is a list")
    return value


def _field_schema(schema: Schema, key: str) -> Schema:
    schema = resolved(schema)
    found: Schema = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
    return found


def _merge_field(schema: Schema, result: dict[str, Any], key: str, value: Any, patch: Mapping[str, Any]) -> None:
    known = _field_schema(schema, key)
    present = result.get(key)
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        # As in Kubernetes, a deleted object is an empty one; only items of lists and fields set to null are gone.
        result[key] = _object(known, present if isinstance(present, dict) else {}, value) or {}
    elif isinstance(value, list) and "merge" in known.get("x-kubernetes-patch-strategy", "").split(","):
        order = _listed(patch, _ORDER + key) if _ORDER + key in patch else None
        result[key] = _list(known, key, present if isinstance(present, list) else [], value, order)
    else:
        result[key] = value


def _list(schema: Schema, field: str, present: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    if order is not None:
        strategic_lists.check_order(patch, order, field, merge_key)
    merged = strategic_lists.merged(
        present,
        patch,
        merge_key,
        lambda old, item: _object(schema["items"], old if isinstance(old, dict) else {}, item),
    )
    return strategic_lists.ordered(merged, present, patch if order is None else order, merge_key)
