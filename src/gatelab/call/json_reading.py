"""JSON values of a message, put into the spelling that protobuf's library reads."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from gatelab.call.errors import DataError
from gatelab.call.json_text import ANY, FIELD_MASK, SPECIAL, map_entry, type_name

_EMPTY: Final = "google.protobuf.Empty"
_BYTES: Final = "google.protobuf.BytesValue"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*")
_WITHOUT_LINES: Final = str.maketrans("", "", "\r\n")


def readable(value: Any, message: Descriptor, pool: DescriptorPool) -> Any:
    """A message's value with extensions by their full names, and a FieldMask as one string, which is its JSON.

    Raises DataError for bytes that are not base64, of which the library would leave out what is none.
    """
    if not _is_particular(message):
        return value
    match message.full_name, value:
        case name, {"paths": [*paths]} if name == FIELD_MASK and len(value) == 1:
            return ",".join(map(_camel, paths))
        case name, str() if name == _BYTES:
            return _base64(name, value)
        case name, dict() if name == ANY:
            return _any(value, pool)
        case _, dict():
            return dict(_members(value, message, pool))
    return value


def _members(value: Mapping[str, Any], message: Descriptor, pool: DescriptorPool) -> Iterator[tuple[str, Any]]:
    fields = _particular_fields(message)
    for name, each in value.items():
        extension = _extension(name, pool)
        field = fields.get(name) if extension is None else extension
        known = name if extension is None else f"[{extension.full_name}]"
        yield known, each if field is None else _field(each, field, pool)


def _field(value: Any, field: FieldDescriptor, pool: DescriptorPool) -> Any:
    entry = map_entry(field)
    if entry is not None and isinstance(value, dict):
        kind = entry.fields_by_name["value"]
        return {key: _single(each, kind, pool) for key, each in value.items()}
    if field.is_repeated and isinstance(value, list):
        return [_single(each, field, pool) for each in value]
    return _single(value, field, pool)


def _single(value: Any, field: FieldDescriptor, pool: DescriptorPool) -> Any:
    if field.message_type is not None:
        return readable(value, field.message_type, pool)
    if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str):
        return _base64(field.full_name, value)
    return value


def _any(value: Mapping[str, Any], pool: DescriptorPool) -> Any:
    """The library takes no `value` of an Empty, which the JSON mapping prescribes."""
    url, rest = value.get("@type"), {name: each for name, each in value.items() if name != "@type"}
    if url is None:
        return value
    if not isinstance(url, str):
        raise DataError(f"@type is a string such as type.googleapis.com/package.Message, and this is {url!r}")
    try:
        message = pool.FindMessageTypeByName(type_name(url))
    except KeyError:
        return value  # the library says so
    if message.full_name == _EMPTY and rest == {"value": {}}:
        return {"@type": url}
    if message.full_name == FIELD_MASK and "paths" in rest:
        return {"@type": url, "value": readable(rest, message, pool)}
    if message.full_name in SPECIAL | {ANY, FIELD_MASK} and "value" in rest:
        return {**value, "value": readable(rest["value"], message, pool)}
    return {"@type": url, **readable(rest, message, pool)}


def _base64(name: str, text: str) -> str:
    """With either alphabet, padded or not, in several lines or one. Raises DataError."""
    bare = text.translate(_WITHOUT_LINES).rstrip("=")
    if _BASE64.fullmatch(bare) is None:
        raise DataError(f"{name} is no base64: it has a character that is none of base64's")
    if len(bare) % 4 == 1:
        raise DataError(f"{name} is no base64: a character is missing, or one too many")
    return text


def _camel(path: Any) -> str:
    """A path as it stands in the string. Raises DataError for one that has no such form (protobuf's JSON mapping)."""
    if not isinstance(path, str) or re.search(r"[A-Z,]|_(?![a-z])", path):
        raise DataError(f"{FIELD_MASK}: {path!r} is no path of small letters, digits and single underscores")
    return re.sub("_([a-z])", lambda found: found[1].upper(), path)


def _extension(name: str, pool: DescriptorPool) -> FieldDescriptor | None:
    """Of `[scope.shelfMarks]`, which is how it is printed, or `[scope.shelf_marks]`, if that is one."""
    if not name.startswith("[") or not name.endswith("]"):
        return None
    scope, dot, own = name[1:-1].rpartition(".")
    try:
        found: FieldDescriptor = pool.FindExtensionByName(
            scope + dot + re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", own)
        )
    except KeyError:
        return None
    return found


@lru_cache(maxsize=1024)
def _is_particular(message: Descriptor) -> bool:
    """Whether there is anything to look at in it: most messages go to the library as they are."""
    seen: set[str] = set()
    below = [message]
    while below:
        each = below.pop()
        if each.full_name in (ANY, FIELD_MASK, _BYTES) or each.is_extendable:
            return True
        if any(field.type == FieldDescriptor.TYPE_BYTES for field in each.fields):
            return True
        if each.full_name not in seen:
            seen.add(each.full_name)
            below += [field.message_type for field in each.fields if field.message_type is not None]
    return False


@lru_cache(maxsize=1024)
def _particular_fields(message: Descriptor) -> Mapping[str, FieldDescriptor]:
    """By both of their names."""
    fields = [each for each in message.fields if _holds_more(each)]
    return {name: each for each in fields for name in (each.json_name, each.name)}


def _holds_more(field: FieldDescriptor) -> bool:
    if field.message_type is not None:
        return _is_particular(field.message_type)
    return field.type == FieldDescriptor.TYPE_BYTES
