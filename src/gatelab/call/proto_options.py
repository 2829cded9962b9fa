"""Options in a .proto file's text: `option deprecated = true;`, `[json_name = "x"]`, custom ones included."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.json_text import enum_name, map_entry

_LONGEST_LITERAL, _LONGEST_SHORT, _MOST_SHORT = 50, 50, 3
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
Option = tuple[str, str]
"""Name and value, both as they are written."""


def options_of(proto: Any, pool: DescriptorPool, indent: int) -> list[Option]:
    """The options set on a descriptor proto, by name, extensions last; `indent` is where a long value goes on."""
    if not proto.HasField("options"):
        return []
    found: list[Option] = []
    for field, value in _known(proto.options, pool).ListFields():
        name = f"(.{field.full_name})" if field.is_extension else field.name
        found += ((name, _literal(field, each, indent)) for each in _values(field, value))
    return sorted(found, key=lambda option: (option[0].startswith("("), option[0]))


def short(options: Sequence[Option], indent: int) -> str:
    """` [a = 1, b = 2]` behind a field or a value; a line each where there are many."""
    if not options:
        return ""
    texts = [f"{name} = {value}" for name, value in options]
    line = ", ".join(texts)
    if len(texts) <= _MOST_SHORT and len(line) <= _LONGEST_SHORT:
        return f" [{line}]"
    margin = "  " * indent
    return " [\n" + ",\n".join(f"{margin}  {text}" for text in texts) + f"\n{margin}]"


def quoted(text: str) -> str:
    """A string literal; what is printable stays as it is."""
    return '"' + "".join(map(_spelled, text)) + '"'


def quoted_bytes(value: bytes) -> str:
    """The same for bytes."""
    return '"' + "".join(_ESCAPES.get(chr(b)) or (chr(b) if 0x20 <= b < 0x7F else f"\\{b:03o}") for b in value) + '"'


def _spelled(character: str) -> str:
    escape = _ESCAPES.get(character)
    if escape is not None or character.isprintable():
        return escape or character
    number = ord(character)
    return f"\\{number:03o}" if number < 0x80 else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def _known(options: Message, pool: DescriptorPool) -> Message:
    """The options read again by a pool that may know custom ones."""
    try:
        descriptor = pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
    except KeyError:
        return options
    read: Message = message_factory.GetMessageClass(descriptor).FromString(options.SerializeToString())
    return read


def _values(field: FieldDescriptor, value: Any) -> Iterator[Any]:
    if field.is_repeated:
        yield from value
    else:
        yield value


def _literal(field: FieldDescriptor, value: Any, indent: int) -> str:
    if isinstance(value, Message):
        return _message(value, indent)
    if field.enum_type is not None:
        return str(enum_name(field.enum_type, value))
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:f}"
        case bytes():
            return quoted_bytes(value)
        case str():
            return quoted(value)
        case _:
            return str(value)


def _message(message: Message, indent: int) -> str:
    """In one line when that is short, or cannot be made shorter."""
    line = _laid_out(message, -1)
    if len(line) <= _LONGEST_LITERAL or (line.count(",") <= 1 and line.count("{") == 1):
        return line
    return line if indent < 0 else _laid_out(message, indent)


def _laid_out(message: Message, indent: int) -> str:
    inner = indent + 1 if indent >= 0 else indent
    before, after = ("\n" + "  " * inner, "\n" + "  " * indent) if indent >= 0 else (" ", " ")
    fields = sorted(message.ListFields(), key=lambda pair: pair[0].number)
    return "{" + ",".join(f"{before}{_member(field, value, inner)}" for field, value in fields) + f"{after}}}"


def _member(field: FieldDescriptor, value: Any, indent: int) -> str:
    name = f"[{field.full_name}]" if field.is_extension else field.name
    if (entry := map_entry(field)) is not None:
        types = entry.fields_by_name
        texts = [
            f"{{ key: {_literal(types['key'], key, -1)}, value: {_literal(types['value'], value[key], -1)} }}"
            for key in sorted(value)
        ]
        return f"{name}: [ {', '.join(texts)} ]"
    if field.is_repeated:
        return f"{name}: [ {', '.join(_literal(field, each, -1) for each in value)} ]"
    return f"{name}: {_literal(field, value, indent)}"
