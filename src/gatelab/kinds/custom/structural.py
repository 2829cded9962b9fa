"""Whether a schema of a CustomResourceDefinition is structural, and what else it must keep to (KEP 2337).

The rules and words of `apiextensions-apiserver`: `pkg/apiserver/schema/validation.go` and
`pkg/apis/apiextensions/validation`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import re2

from gatelab.kinds.custom.pruning import pruned, whole
from gatelab.kinds.schemas import check, problems
from gatelab.kinds.schemas.problems import Problem

Schema = Mapping[str, Any]

_SCHEMA = {"$ref": "apiextensions_v1.JSONSchemaProps"}
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("$ref", "definitions", "dependencies", "id", "patternProperties", "additionalItems")
_JUNCTORS = ("allOf", "anyOf", "oneOf")
_NOT_IN_JUNCTORS = ("type", "title", "description", "default", "nullable", "additionalProperties")
_LIST_TYPES = ("atomic", "map", "set")


def schema_problems(schema: Schema, path: str) -> Iterator[Problem]:
    """What is wrong with an `openAPIV3Schema` at `path`."""
    if misshapen := list(_misshapen(schema, path)):
        yield from misshapen
        return
    if not schema.get("type"):
        yield problems.required(f"{path}.type", "must not be empty at the root")
    elif schema["type"] != "object":
        yield problems.invalid(f"{path}.type", schema["type"], "must be object at the root")
    metadata = schema.get("properties", {}).get("metadata") or {}
    if extra := set(metadata.get("properties", {})) - {"name", "generateName"} or set(metadata) & {
        "required",
        *_JUNCTORS,
    }:
        rule = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield problems.forbidden(f"{path}.properties[metadata]", f"{rule} ({', '.join(sorted(extra))})")
    wrong = [problem for node in _nodes(schema, path, "") for problem in _node(*node)]
    yield from wrong
    if not wrong:
        for each, place, _ in _nodes(schema, path, ""):
            yield from _default(each, place)


def _misshapen(schema: Schema, path: str) -> Iterator[Problem]:
    """Schemas below `additionalProperties`, which is a schema or a boolean, so that nobody has looked at them yet."""
    for each, place, _ in _nodes(schema, path, ""):
        values = each.get("additionalProperties")
        if values is not None and not isinstance(values, bool):
            below = f"{place}.additionalProperties"
            wrong = check.type_problems(_SCHEMA, values)
            yield from (Problem(found.reason, f"{below}.{found.field}", found.message) for found in wrong)
            if wrong:
                return


def _nodes(schema: Schema, path: str, role: str) -> Iterator[tuple[Schema, str, str]]:
    """The schema and those of its parts that describe values, with their place and what they are."""
    yield schema, path, role
    for name, each in schema.get("properties", {}).items():
        yield from _nodes(each, f"{path}.properties[{name}]", "object fields")
    if isinstance(schema.get("items"), Mapping):
        yield from _nodes(schema["items"], f"{path}.items", "array items")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _nodes(schema["additionalProperties"], f"{path}.additionalProperties", "object fields")


def _node(schema: Schema, path: str, role: str) -> Iterator[Problem]:
    yield from _type(schema, path, role)
    yield from _keywords(schema, path)
    yield from _list_type(schema, path)
    for word in _JUNCTORS:
        for index, each in enumerate(schema.get(word, ())):
            yield from _junctor(schema, each, f"{path}.{word}[{index}]")
    if "not" in schema:
        yield from _junctor(schema, schema["not"], f"{path}.not")


def _type(schema: Schema, path: str, role: str) -> Iterator[Problem]:
    type_ = schema.get("type")
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not type_ and role and not free:
        yield problems.required(f"{path}.type", f"must not be empty for specified {role}")
    elif type_ and type_ not in _TYPES:
        yield problems.unsupported(f"{path}.type", type_, _TYPES)
    if type_ and schema.get("x-kubernetes-int-or-string"):
        yield problems.invalid(f"{path}.type", type_, "must be empty if x-kubernetes-int-or-string is true")
    if schema.get("x-kubernetes-embedded-resource"):
        if type_ != "object":
            yield problems.invalid(
                f"{path}.type", type_ or "", "must be object if x-kubernetes-embedded-resource is true"
            )
        if "properties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            rule = "must not be empty if x-kubernetes-embedded-resource is true without "
            yield problems.required(f"{path}.properties", f"{rule}x-kubernetes-preserve-unknown-fields")
    if type_ == "array" and "items" not in schema:
        yield problems.required(f"{path}.items", "must be specified")


def _keywords(schema: Schema, path: str) -> Iterator[Problem]:
    for word in _UNSUPPORTED:
        if schema.get(word):
            yield problems.forbidden(f"{path}.{word}", f"{word} is not supported")
    if schema.get("uniqueItems"):
        rule = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield problems.forbidden(f"{path}.uniqueItems", rule)
    if "additionalProperties" in schema:
        if schema["additionalProperties"] is False:
            rule = "additionalProperties cannot be set to false"
            yield problems.forbidden(f"{path}.additionalProperties", rule)
        if schema.get("properties"):
            rule = "additionalProperties and properties are mutual exclusive"
            yield problems.forbidden(f"{path}.additionalProperties", rule)
    if (pattern := schema.get("pattern")) is not None and (why := _unreadable(pattern)):
        yield problems.invalid(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {why}")


def _unreadable(pattern: str) -> str:
    try:
        re2.compile(pattern)
    except re2.error as error:
        return str(error)
    return ""


def _list_type(schema: Schema, path: str) -> Iterator[Problem]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or ()
    if kind is not None and schema.get("type") != "array":
        yield problems.invalid(
            f"{path}.type", schema.get("type", ""), "must be array if x-kubernetes-list-type is specified"
        )
        return
    if kind is not None and kind not in _LIST_TYPES:
        yield problems.unsupported(f"{path}.x-kubernetes-list-type", kind, _LIST_TYPES)
    if kind != "map":
        if keys:
            rule = "must be map if x-kubernetes-list-map-keys is non-empty"
            yield problems.invalid(f"{path}.x-kubernetes-list-type", kind or "", rule)
        return
    if not keys:
        rule = "must not be empty if x-kubernetes-list-type is map"
        yield problems.required(f"{path}.x-kubernetes-list-map-keys", rule)
    items = schema.get("items") or {}
    fields = items.get("properties") or {}
    for index, key in enumerate(keys):
        place = f"{path}.x-kubernetes-list-map-keys[{index}]"
        if key not in fields:
            yield problems.invalid(place, key, "must have an entry in items.properties")
        elif fields[key].get("type") in ("array", "object"):
            yield problems.invalid(
                f"{path}.items.properties[{key}].type",
                fields[key]["type"],
                "must be a scalar type if parent array's x-kubernetes-list-type is map",
            )
        elif "default" not in fields[key] and key not in (items.get("required") or ()):
            rule = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            yield problems.required(f"{path}.items.properties[{key}].default", rule)


def _default(schema: Schema, path: str) -> Iterator[Problem]:
    if "default" not in schema:
        return
    effective = whole({"type": "object", "properties": {"value": schema}})["properties"]["value"]
    kept, unknown = pruned(effective, schema["default"])
    if unknown:
        yield problems.invalid(
            f"{path}.default", schema["default"], f"must not have unknown fields: {', '.join(unknown)}"
        )
    wrong = check.type_problems(effective, kept) or check.rule_problems(effective, kept)
    for each in wrong:
        place = f"{path}.default{'.' if each.field and not each.field.startswith('[') else ''}{each.field}"
        yield Problem(each.reason, place, each.message)


def _junctor(outer: Schema, schema: Schema, path: str) -> Iterator[Problem]:
    """Junctors judge what is described outside of them, and describe nothing themselves."""
    is_the_int_or_string = outer.get("x-kubernetes-int-or-string") and set(schema) <= {
        "type",
        "pattern",
        "format",
        "anyOf",
    }
    for word in _NOT_IN_JUNCTORS:
        if schema.get(word) and not is_the_int_or_string:
            yield problems.forbidden(f"{path}.{word}", "must be empty to be structural")
    if (pattern := schema.get("pattern")) is not None and (why := _unreadable(pattern)):
        yield problems.invalid(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {why}")
    for name, each in (schema.get("properties") or {}).items():
        known = (outer.get("properties") or {}).get(name)
        if known is None and not outer.get("x-kubernetes-preserve-unknown-fields"):
            place = f"{path.rpartition('.')[0]}.properties[{name}]"
            yield problems.required(place, f"because it is defined in {path}.properties[{name}]")
        else:
            yield from _junctor(known or {}, each, f"{path}.properties[{name}]")
    if isinstance(schema.get("items"), Mapping):
        yield from _junctor(outer.get("items") or {}, schema["items"], f"{path}.items")
    for word in _JUNCTORS:
        for index, each in enumerate(schema.get(word, ())):
            yield from _junctor(outer, each, f"{path}.{word}[{index}]")
    if "not" in schema:
        yield from _junctor(outer, schema["not"], f"{path}.not")
