"""Judging a value by its schema: types, required fields, enums, bounds, patterns, keys of lists."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import re2

from gatelab.kinds.quantity import parse_quantity
from gatelab.kinds.schemas import formats, problems
from gatelab.kinds.schemas.catalogue import Schema, resolved
from gatelab.kinds.schemas.junctors import junctor_problems
from gatelab.kinds.schemas.problems import Problem


def type_problems(schema: Schema, value: Any) -> list[Problem]:
    """Where the value is not of the type that the schema asks for."""
    return [problem for place in walked(schema, value) for problem in _type(*place)]


def rule_problems(schema: Schema, value: Any, path: str = "") -> list[Problem]:
    """The broken rules of a value that is of the right types, and that stands at `path`."""
    return [problem for place in walked(schema, value, path) for problem in _rules(*place)]


def walked(schema: Schema, value: Any, path: str = "") -> Iterator[tuple[Schema, Any, str]]:
    """The value and everything in it, with its schema and path, outermost first. Unknown fields are left out."""
    schema = resolved(schema)
    yield schema, value, path
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from walked(schema["items"], each, f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, each in value.items():
            known = properties.get(key, others)
            if known is not None:
                yield from walked(known, each, f"{path}.{key}" if path else key)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _anything(_: Any) -> bool:
    return True


_JSON_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_INT32, _INT64 = 2**31, 2**63


def _type(schema: Schema, value: Any, path: str) -> Iterator[Problem]:
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            yield _wrong_type(path, "integer,string", value)
        elif schema.get("format") == "quantity" and not _is_quantity(value):
            yield problems.invalid(path, value, f"{path} in body must be of type quantity, such as 100m or 64Mi")
        return
    wanted = schema.get("type")
    if value is None and schema.get("nullable"):
        return
    if wanted is not None and not _TYPES.get(wanted, _anything)(value):
        yield _wrong_type(path, wanted, value)
    elif wanted == "integer":
        limit = _INT32 if schema.get("format") == "int32" else _INT64
        if not -limit <= value < limit:
            yield problems.invalid(path, value, f"{path} in body must fit {schema.get('format', 'int64')}")
    elif isinstance(value, str) and "format" in schema and not formats.is_of(schema["format"], value):
        what = f"{path} in body must be of type {schema['format']}: {problems.shown(value)}"
        yield problems.invalid(path, value, what)


def _wrong_type(path: str, wanted: str, value: Any) -> Problem:
    found = _JSON_NAMES.get(type(value), "null")
    return problems.invalid(path, found, f'{path} in body must be of type {wanted}: "{found}"')


def _is_quantity(value: str | float) -> bool:
    try:
        parse_quantity(value)
    except ValueError:
        return False
    return True


def _all_problems(schema: Schema, value: Any, path: str) -> list[Problem]:
    return [problem for place in walked(schema, value, path) for problem in (*_type(*place), *_rules(*place))]


def _rules(schema: Schema, value: Any, path: str) -> Iterator[Problem]:
    yield from junctor_problems(schema, value, path, _all_problems)
    if (enum := schema.get("enum")) and value not in enum and not (value is None and schema.get("nullable")):
        yield problems.unsupported(path, value, enum)
    if isinstance(value, str):
        yield from _of_text(schema, value, path)
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield from _of_number(schema, value, path)
    elif isinstance(value, list):
        yield from _of_list(schema, value, path)
    elif isinstance(value, dict):
        yield from _of_object(schema, value, path)


def _of_text(schema: Schema, value: str, path: str) -> Iterator[Problem]:
    if (most := schema.get("maxLength")) is not None and len(value) > most:
        yield problems.too_long(path, most)
    elif (least := schema.get("minLength")) is not None and len(value) < least:
        yield problems.invalid(path, value, f"{path} in body should be at least {least} chars long")
    elif (pattern := schema.get("pattern")) and not _compiled(pattern).search(value):
        yield problems.invalid(path, value, f"{path} in body should match '{pattern}'")


@cache
def _compiled(pattern: str) -> Any:
    """RE2, for its linear time: patterns meet whatever clients send, and `$` is the end of the text as in Go."""
    return re2.compile(pattern)


def _of_number(schema: Schema, value: float, path: str) -> Iterator[Problem]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if least is not None and schema.get("exclusiveMinimum") and value <= least:
        yield problems.invalid(path, value, f"{path} in body should be greater than {least}")
    elif least is not None and value < least:
        yield problems.invalid(path, value, f"{path} in body should be greater than or equal to {least}")
    if most is not None and schema.get("exclusiveMaximum") and value >= most:
        yield problems.invalid(path, value, f"{path} in body should be less than {most}")
    elif most is not None and value > most:
        yield problems.invalid(path, value, f"{path} in body should be less than or equal to {most}")
    if step and Decimal(str(value)) % Decimal(str(step)):
        yield problems.invalid(path, value, f"{path} in body should be a multiple of {step}")


def _of_list(schema: Schema, value: list[Any], path: str) -> Iterator[Problem]:
    if (most := schema.get("maxItems")) is not None and len(value) > most:
        yield problems.too_many(path, len(value), most)
    if (least := schema.get("minItems")) is not None and len(value) < least:
        yield problems.invalid(path, len(value), f"{path} in body should have at least {least} items")
    if "x-kubernetes-patch-strategy" in schema:
        return  # Kubernetes' own lists: the rules of the kind say whether an item may come twice.
    if schema.get("x-kubernetes-list-type") == "set":
        yield from _of_set(value, path)
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen = set()
    for index, each in enumerate(value if keys else ()):
        key = tuple(problems.shown(each.get(name)) for name in keys) if isinstance(each, dict) else ()
        if key and key in seen:
            yield problems.duplicate(f"{path}[{index}]", {name: each.get(name) for name in keys})
        seen.add(key)


def _of_set(value: list[Any], path: str) -> Iterator[Problem]:
    seen = set()
    for index, each in enumerate(value):
        text = problems.shown(each)
        if text in seen:
            yield problems.duplicate(f"{path}[{index}]", each)
        seen.add(text)


def _of_object(schema: Schema, value: dict[str, Any], path: str) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if name not in value:
            yield problems.required(f"{path}.{name}" if path else name)
    if (least := schema.get("minProperties")) is not None and len(value) < least:
        yield problems.invalid(path, len(value), f"{path} in body should have at least {least} properties")
    if (most := schema.get("maxProperties")) is not None and len(value) > most:
        yield problems.too_many(path, len(value), most)


_INDEX = re.compile(r"\[\d+\]")


def without_indices(path: str) -> str:
    """`spec.ports[0].name` -> `spec.ports.name`, as Go's JSON decoder names places."""
    return _INDEX.sub("", path)
