"""Fields that a body gives twice. Decoders take the last one in silence; a strict client wants to hear of it."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

_MOST = 100
"""More are not reported: the point is made."""


class _RepeatedError(Exception):
    pass


class _Pairs(list[tuple[str, Any]]):
    """The fields of an object, as they came."""


def in_json(data: bytes) -> list[str]:
    """`duplicate field "spec.replicas"` for each, as Kubernetes' JSON decoder says it. `data` is known to be JSON."""
    try:
        json.loads(data, object_pairs_hook=_unique)
    except _RepeatedError:
        found = dict.fromkeys(_in_value(json.loads(data, object_pairs_hook=_Pairs), ""))
        return [f'duplicate field "{path}"' for path in found][:_MOST]
    return []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedError
    return found


def _in_value(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen = set()
        for name, each in value:
            below = f"{path}.{name}" if path else name
            if name in seen:
                yield below
            seen.add(name)
            yield from _in_value(each, below)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _in_value(each, f"{path}[{index}]")


def in_yaml(data: bytes) -> list[str]:
    """`line 3: key "replicas" already set in map` for each, as Kubernetes' YAML decoder says it."""
    root = yaml.compose(data, yaml.CSafeLoader)
    found = [f'yaml: unmarshal errors: line {line}: key "{key}" already set in map' for line, key in _in_node(root)]
    return found[:_MOST]


def _in_node(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key.start_mark.line + 1, key.value
                seen.add(key.value)
            yield from _in_node(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _in_node(each)
