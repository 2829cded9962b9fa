"""Messages in protobuf's text format: what `-format text` reads, and prints as grpcurl does."""

import math
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.errors import DataError
from gatelab.call.json_text import enum_name, map_entry, shortest

SEPARATOR = "\x1e"
"""ASCII's record separator, between one message and the next."""
_ESCAPES = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("\\"): "\\\\"}
_PRINTABLE = range(0x20, 0x7F)


def parse_text(text: str, message: Message, pool: DescriptorPool) -> None:
    """Reads one message. Raises DataError with the place."""
    try:
        text_format.Parse(text, message, descriptor_pool=pool)
    except text_format.ParseError as error:
        raise DataError(f"error getting request data: {error}") from error


def to_text(message: Message) -> str:
    """A field a line, by number; messages in angle brackets, groups in braces."""
    return _body(message, "")


def _body(message: Message, margin: str) -> str:
    fields = sorted(message.ListFields(), key=lambda pair: pair[0].number)
    return f"\n{margin}".join(line for field, value in fields for line in _lines(field, value, margin))


def _lines(field: FieldDescriptor, value: Any, margin: str) -> Iterator[str]:
    if (map_message := map_entry(field)) is not None:
        types = map_message.fields_by_name
        inner = f"{margin}  "
        for key in sorted(value):
            entry = f"\n{inner}".join((_line(types["key"], key, inner), _line(types["value"], value[key], inner)))
            yield f"{field.name}: <\n{inner}{entry}\n{margin}>"
    elif field.is_repeated:
        yield from (_line(field, each, margin) for each in value)
    else:
        yield _line(field, value, margin)


def _line(field: FieldDescriptor, value: Any, margin: str) -> str:
    inner = f"{margin}  "
    if field.message_type is not None and field.type == FieldDescriptor.TYPE_GROUP:
        return f"{field.message_type.name}{{\n{inner}{_body(value, inner)}\n{margin}}}"
    name = f"[{field.full_name}]" if field.is_extension else field.name
    if field.message_type is not None:
        return f"{name}: <\n{inner}{_body(value, inner)}\n{margin}>"
    return f"{name}: {_scalar(field, value)}"


def _scalar(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        return str(enum_name(field.enum_type, value))
    match value:
        case bool():
            return str(value).lower()
        case float() if math.isfinite(value):
            return shortest(value, 32 if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT else 64)
        case str():
            return _quoted(value.encode())
        case bytes():
            return _quoted(value)
        case _:
            return str(value)


def _quoted(value: bytes) -> str:
    spelled = (_ESCAPES.get(byte) or (chr(byte) if byte in _PRINTABLE else f"\\{byte:03o}") for byte in value)
    return f'"{"".join(spelled)}"'
