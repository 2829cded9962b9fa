"""Values of custom objects as CEL has them, by their schema: doubles, moments, durations, escaped field names."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gatelab.kinds.schemas.catalogue import Schema, resolved

_RESERVED = frozenset(
    {
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
    }
    | {"loop", "package", "namespace", "return", "var", "void", "while"}
)
_ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
_DURATION = re.compile(r"(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def converted(schema: Schema, value: Any) -> Any:
    """The value for CEL. What does not fit its schema stays as it is: it has been judged before."""
    schema = resolved(schema)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [converted(items, each) for each in value]
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        return {
            (escaped(key) if key in properties else key): converted(properties.get(key, others), each)
            for key, each in value.items()
        }
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and schema.get("format") in ("date-time", "date", "duration"):
        return _by_format(schema["format"], value)
    return value


def _by_format(name: str, text: str) -> datetime | timedelta | str:
    try:
        return _duration(text) if name == "duration" else datetime.fromisoformat(text)
    except ValueError:
        return text


def _duration(text: str) -> timedelta:
    found = _DURATION.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text.lstrip("+-"):
        raise ValueError(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in found)
    return timedelta(seconds=-seconds if text.startswith("-") else seconds)


def escaped(name: str) -> str:
    """A field's name as rules write it: `namespace` is `__namespace__`, `a-b` is `a__dash__b`."""
    if name in _RESERVED:
        return f"__{name}__"
    for character, word in _ESCAPES:
        name = name.replace(character, word)
    return name


def size(value: Any) -> int:
    """How many values there are in the value, itself among them."""
    if isinstance(value, list):
        return 1 + sum(size(each) for each in value)
    if isinstance(value, Mapping):
        return 1 + sum(size(each) for each in value.values())
    return 1
