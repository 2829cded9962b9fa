"""JSON patch (RFC 6902) with JSON pointers (RFC 6901)."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import msgspec

from gatelab.kinds.errors import BadRequest, Invalid, TooLarge

_MOST_OPERATIONS = 10_000
_MOST_COPIED_BYTES = 3 * 1024 * 1024
"""Copies may double a document with each operation."""

_NEEDS = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from", "remove": "path"}


class _DoesNotFitError(Exception):
    """An operation that cannot be applied to this document."""


def json_patched(document: Any, patch: Any) -> Any:
    """A patched copy. Raises BadRequest for what is no patch, Invalid when an operation does not fit the document."""
    if not isinstance(patch, list):
        raise BadRequest("error decoding patch: a JSON patch is a list of operations")
    if len(patch) > _MOST_OPERATIONS:
        raise TooLarge(
            "Request entity is too large: The allowed maximum operations in a JSON patch is "
            f"{_MOST_OPERATIONS}, got {len(patch)}"
        )
    result = deepcopy(document)
    copied = 0
    for index, operation in enumerate(patch):
        checked = _checked(index, operation)
        try:
            copied += _copied_bytes(result, checked)
            if copied > _MOST_COPIED_BYTES:
                raise TooLarge(
                    f"Request entity is too large: the copies of a JSON patch exceed {_MOST_COPIED_BYTES} bytes"
                )
            result = _applied(result, checked)
        except _DoesNotFitError as error:
            message = f"the server rejected our request due to an error in our request: operation {index}: {error}"
            raise Invalid(message) from error
    return result


def _copied_bytes(document: Any, operation: Mapping[str, Any]) -> int:
    if operation["op"] != "copy":
        return 0
    return len(msgspec.json.encode(_found(document, _pointer(operation["from"]))))


def _checked(index: int, operation: Any) -> Mapping[str, Any]:
    if not isinstance(operation, dict) or operation.get("op") not in _NEEDS:
        raise BadRequest(f"error decoding patch: operation {index} needs an `op` of {', '.join(_NEEDS)}")
    need = _NEEDS[operation["op"]]
    texts = [operation.get(name) for name in ("path", "from") if name == "path" or name == need]
    if need not in operation or not all(isinstance(each, str) for each in texts):
        raise BadRequest(f"error decoding patch: operation {index} ({operation['op']}) needs `path` and `{need}`")
    return operation


def _applied(document: Any, operation: Mapping[str, Any]) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _added(document, path, deepcopy(operation["value"]))
        case "remove":
            return _removed(document, path)
        case "replace":
            _found(document, path)
            return _replaced(document, path, deepcopy(operation["value"]))
        case "test":
            if not _equal(_found(document, path), operation["value"]):
                raise _DoesNotFitError(f"testing value {operation['path']} failed")
            return document
        case "copy":
            return _added(document, path, deepcopy(_found(document, _pointer(operation["from"]))))
        case _:
            return _moved(document, _pointer(operation["from"]), path)


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return one == other and msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


def _moved(document: Any, source: Sequence[str], path: Sequence[str]) -> Any:
    if len(path) > len(source) and list(path[: len(source)]) == list(source):
        raise _DoesNotFitError("a value cannot be moved into itself")
    value = _found(document, source)
    return _added(_removed(document, source), path, value)


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise _DoesNotFitError(f"the pointer {text!r} does not begin with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _found(document: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(part, len(document) - 1)]
        else:
            raise _DoesNotFitError(f"there is nothing at {part!r}")
    return document


def _index(part: str, most: int) -> int:
    if not (part.isascii() and part.isdigit()) or (len(part) > 1 and part[0] == "0") or len(part) > 9:
        raise _DoesNotFitError(f"{part!r} is no index of a list")
    if int(part) > most:
        raise _DoesNotFitError(f"the list has no index {part}")
    return int(part)


def _added(document: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent = _found(document, path[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else _index(path[-1], len(parent)), value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise _DoesNotFitError(f"nothing can be added at {path[-1]!r}")
    return document


def _replaced(document: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent = _found(document, path[:-1])
    parent[_index(path[-1], len(parent) - 1) if isinstance(parent, list) else path[-1]] = value
    return document


def _removed(document: Any, path: Sequence[str]) -> Any:
    if not path:
        raise _DoesNotFitError("the whole object cannot be removed")
    _found(document, path)
    parent = _found(document, path[:-1])
    del parent[_index(path[-1], len(parent) - 1) if isinstance(parent, list) else path[-1]]
    return document
