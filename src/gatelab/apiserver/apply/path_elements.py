"""The elements of paths as FieldsV1 writes them: `f:<field>`, `k:<keys>`, `v:<value>` and `i:<index>` of an item."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatelab.apiserver.apply.field_sets import Path

_encode = msgspec.json.Encoder(order="sorted").encode


def of_item(keys: Mapping[str, Any]) -> str:
    """An item of a list whose items are told apart by keys."""
    return "k:" + _encode(keys).decode()


def of_value(value: Any) -> str:
    """An item of a set."""
    return "v:" + _encode(value).decode()


def canonical(element: str) -> str:
    """The element as we would write it. Raises ValueError for what is none."""
    kind, text = element[:2], element[2:]
    if kind == "f:":
        return element
    if kind == "v:":
        return of_value(msgspec.json.decode(text))
    if kind == "k:":
        return of_item(msgspec.json.decode(text, type=dict[str, Any]))
    if kind == "i:" and text.isascii() and text.isdigit():
        return element
    raise ValueError(f"{element!r} is no element of a path")


def shown(path: Path) -> str:
    """`.spec.containers[name="a"].image`, as messages name a field."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    kind, text = element[:2], element[2:]
    if kind == "k:":
        keys = msgspec.json.decode(text, type=dict[str, Any])
        return f"[{','.join(f'{name}={_encode(keys[name]).decode()}' for name in sorted(keys))}]"
    if kind == "v:":
        return f"[={text}]"
    return f"[{text}]" if kind == "i:" else f".{text}"
