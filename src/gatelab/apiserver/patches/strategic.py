"""Strategic merge patch: a merge patch that knows how lists merge.

Lists whose schema names a merge key merge item by item; the directives are those of Kubernetes' community document
"strategic-merge-patch": `$patch` (delete, replace, merge), `$retainKeys`, `$deleteFromPrimitiveList/<field>` and
`$setElementOrder/<field>`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gatelab.kinds.errors import BadRequest
from gatelab.kinds.schemas.catalogue import Schema, resolved

_PATCH = "$patch"
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
    directive = patch.get(_PATCH)
    plain = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "delete":
        return None
    if directive == "replace":
        return plain
    if directive not in (None, "merge"):
        raise BadRequest(f"unknown patch directive {_PATCH}: {directive!r}")
    result = dict(document)
    if _RETAIN in patch:
        retained = _listed(patch, _RETAIN)
        result = {key: value for key, value in result.items() if key in retained}
    for key in patch:
        if key.startswith(_DELETE_FROM):
            _delete_from(result, key.removeprefix(_DELETE_FROM), _listed(patch, key))
    for key, value in plain.items():
        _merge_field(schema, result, key, value, patch.get(_ORDER + key))
    for key in patch:
        field = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and field not in plain and isinstance(result.get(field), list):
            merge_key = _field_schema(schema, field).get("x-kubernetes-patch-merge-key")
            result[field] = _ordered(result[field], result[field], _listed(patch, key), merge_key)
    return result


def _listed(patch: Mapping[str, Any], key: str) -> list[Any]:
    value = patch[key]
    if not isinstance(value, list):
        raise BadRequest(f"{key} in a strategic merge patch is a list")
    return value


def _delete_from(result: dict[str, Any], field: str, values: Sequence[Any]) -> None:
    if isinstance(result.get(field), list):
        result[field] = [each for each in result[field] if each not in values]


def _field_schema(schema: Schema, key: str) -> Schema:
    schema = resolved(schema)
    found: Schema = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
    return found


def _merge_field(schema: Schema, result: dict[str, Any], key: str, value: Any, order: Any) -> None:
    known = _field_schema(schema, key)
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        present = result.get(key)
        merged = _object(known, present if isinstance(present, dict) else {}, value)
        if merged is None:
            result.pop(key, None)
        else:
            result[key] = merged
    elif isinstance(value, list) and "merge" in known.get("x-kubernetes-patch-strategy", ""):
        present = result.get(key)
        result[key] = _list(known, present if isinstance(present, list) else [], value, order)
    else:
        result[key] = value


def _list(schema: Schema, present: list[Any], patch: list[Any], order: Any) -> list[Any]:
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    if merge_key is None:
        merged = [*present, *(each for each in patch if each not in present)]
    elif any(isinstance(each, dict) and each.get(_PATCH) == "replace" for each in patch):
        return [each for each in patch if not (isinstance(each, dict) and _PATCH in each)]
    else:
        merged = _merged_items(schema["items"], merge_key, present, patch)
    return _ordered(merged, present, order, merge_key) if isinstance(order, list) else merged


def _merged_items(schema: Schema, merge_key: str, present: list[Any], patch: list[Any]) -> list[Any]:
    result = list(present)
    for item in patch:
        if not isinstance(item, dict) or merge_key not in item:
            raise BadRequest(f"map: {item!r} does not contain declared merge key: {merge_key}")
        index = _place(result, merge_key, item[merge_key])
        old = {} if index is None else result[index]
        merged = _object(schema, old, item)
        if index is None:
            result += [merged] if merged is not None else []
        elif merged is None:
            del result[index]
        else:
            result[index] = merged
    return result


def _place(items: Sequence[Any], merge_key: str, value: Any) -> int | None:
    for index, each in enumerate(items):
        if isinstance(each, dict) and each.get(merge_key) == value:
            return index
    return None


def _ordered(merged: list[Any], present: list[Any], order: list[Any], merge_key: str | None) -> list[Any]:
    """The list with the items that the patch knows in the patch's order; the others keep their place among them."""

    def identity(item: Any) -> Any:
        return item.get(merge_key) if merge_key is not None and isinstance(item, dict) else item

    wanted, was = [identity(each) for each in order], [identity(each) for each in present]
    known = sorted((each for each in merged if identity(each) in wanted), key=lambda each: wanted.index(identity(each)))
    others = [each for each in merged if identity(each) not in wanted]
    result = []
    while known and others:
        first, other = identity(known[0]), identity(others[0])
        other_first = first in was and other in was and was.index(other) < was.index(first)
        result.append(others.pop(0) if other_first else known.pop(0))
    return [*result, *known, *others]
