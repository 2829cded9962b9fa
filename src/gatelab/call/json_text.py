"""Messages as JSON text, to the byte as grpcurl prints them (its library is jhump/protoreflect, package dynamic)."""

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from struct import pack, unpack
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from gatelab.call.json_layout import Literal, laid_out

ANY = "google.protobuf.Any"
FIELD_MASK = "google.protobuf.FieldMask"
"""grpcurl prints its paths as any other field, and so does this: its string in JSON cannot name them all."""
_WRAPPED = ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
_NAMES = ("Duration", "Timestamp", "Struct", "Value", "ListValue", *(f"{name}Value" for name in _WRAPPED))
SPECIAL = frozenset(f"google.protobuf.{name}" for name in _NAMES)
"""Messages whose JSON is not an object of their fields (protobuf's JSON mapping)."""
_DYNAMIC = frozenset(f"google.protobuf.{name}" for name in ("Struct", "Value", "ListValue"))
_LONG = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
_FLOATS = {FieldDescriptor.CPPTYPE_FLOAT: 32, FieldDescriptor.CPPTYPE_DOUBLE: 64}
_LEAST_PLAIN_POWER, _LEAST_LONG_POWER = -4, 6


def to_json(message: Message, pool: DescriptorPool, *, emit_defaults: bool = False, indent: str = "  ") -> str:
    """JSON names, fields by number; an Any whose type is not in `pool` becomes its base64 and a word on why."""
    return laid_out(_Writer(pool, emit_defaults).message(message), indent)


class _Writer:
    def __init__(self, pool: DescriptorPool, emit_defaults: bool) -> None:
        self._pool = pool
        self._emit_defaults = emit_defaults

    def message(self, message: Message) -> Any:
        name = message.DESCRIPTOR.full_name
        if name == ANY:
            return self._any(message)
        if name in SPECIAL:
            return self._special(message)
        return dict(self._fields(message))

    def _special(self, message: Message) -> Any:
        """A server may send what has no such JSON, a Timestamp of the year 10,000: that is shown by its fields."""
        if message.DESCRIPTOR.full_name in _DYNAMIC:
            return _dynamic(message)
        try:
            return json_format.MessageToDict(message, descriptor_pool=self._pool)
        except (ValueError, json_format.SerializeToJsonError):
            return dict(self._fields(message))

    def _fields(self, message: Message) -> Iterator[tuple[str, Any]]:
        present: dict[int, tuple[Any, Any]] = {field.number: (field, value) for field, value in message.ListFields()}
        if self._emit_defaults:
            missing = (field for field in message.DESCRIPTOR.fields if field.number not in present)
            present |= {field.number: (field, None) for field in missing if field.containing_oneof is None}
        for _, (field, value) in sorted(present.items()):
            yield json_name(field), self._default(message, field) if value is None else self._value(field, value)

    def _default(self, message: Message, field: FieldDescriptor) -> Any:
        if field.message_type is not None and not field.is_repeated:
            return None
        return self._value(field, getattr(message, field.name))

    def _value(self, field: FieldDescriptor, value: Any) -> Any:
        if (entry := map_entry(field)) is not None:
            kind = entry.fields_by_name["value"]
            return {_key(key): self._single(kind, value[key]) for key in sorted(value)}
        if field.is_repeated:
            return [self._single(field, each) for each in value]
        return self._single(field, value)

    def _single(self, field: FieldDescriptor, value: Any) -> Any:
        kind = field.cpp_type
        if field.message_type is not None:
            return self.message(value)
        if field.enum_type is not None:
            return enum_name(field.enum_type, value)
        if kind in _LONG:
            return str(value)
        if kind in _FLOATS:
            return _float(value, _FLOATS[kind])
        return base64.b64encode(value).decode() if field.type == FieldDescriptor.TYPE_BYTES else value

    def _any(self, message: Any) -> Any:
        try:
            inner = unpacked(message, self._pool)
        except DecodeError as error:
            return _opaque(message, f"{type_name(message.type_url)} cannot be read: {error}")
        if inner is None:
            reason = f"{type_name(message.type_url)} is not recognized; see @value for raw binary message data"
            return _opaque(message, reason)
        shown = self.message(inner)
        whole = inner.DESCRIPTOR.full_name in SPECIAL | {ANY, "google.protobuf.Empty"}
        return {"@type": message.type_url, **({"value": shown} if whole else dict(sorted(shown.items())))}


def _dynamic(message: Any) -> Any:
    """google.protobuf.Value and its like, with NaN and infinity, which have no JSON, as words."""
    match message.DESCRIPTOR.name:
        case "Struct":
            return {name: _dynamic(message.fields[name]) for name in sorted(message.fields)}
        case "ListValue":
            return [_dynamic(each) for each in message.values]
    kind = message.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    value = getattr(message, kind)
    if isinstance(value, Message):
        return _dynamic(value)
    return _word(value) if isinstance(value, float) and not math.isfinite(value) else value


def _opaque(message: Any, reason: str) -> Mapping[str, Any]:
    value = base64.b64encode(message.value).decode()
    return {"@error": reason, "@type": message.type_url, "@value": value}


def unpacked(message: Any, pool: DescriptorPool) -> Message | None:
    """What an Any holds; None when its type is not in `pool`. Raises DecodeError."""
    try:
        descriptor = pool.FindMessageTypeByName(type_name(message.type_url))
    except KeyError:
        return None
    found: Message = message_factory.GetMessageClass(descriptor).FromString(message.value)
    return found


def type_name(type_url: str) -> str:
    """The message's full name: what comes after the last slash."""
    return type_url.rpartition("/")[2]


def json_name(field: FieldDescriptor) -> str:
    """As it stands in JSON; an extension's is `[scope.name]`."""
    if not field.is_extension:
        return field.json_name
    scope = field.full_name.rpartition(".")[0]
    return f"[{scope}.{field.json_name}]" if scope else f"[{field.json_name}]"


def map_entry(field: FieldDescriptor) -> Descriptor | None:
    """The message of a map's entries; None of a field that is no map."""
    entry = field.message_type
    return entry if entry is not None and entry.GetOptions().map_entry else None


def enum_name(enum: EnumDescriptor, number: int) -> Any:
    """The name of the first value with that number; the number where there is none."""
    known = enum.values_by_number.get(number)
    return next(value.name for value in enum.values if value.number == number) if known is not None else number


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _float(value: float, bits: int) -> Any:
    return Literal(shortest(value, bits)) if math.isfinite(value) else _word(value)


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def shortest(value: float, bits: int) -> str:
    """The fewest digits that give the value back, in the spelling of Go's FormatFloat('g', -1)."""
    if bits == 32:
        single = unpack("f", pack("f", value))[0]
        value = next(short for digits in range(6, 10) if _single(short := float(f"{single:.{digits}g}")) == single)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    minus = "-" if sign else ""
    if value == 0:
        return f"{minus}0"
    if power < _LEAST_PLAIN_POWER or power >= _LEAST_LONG_POWER:
        return minus + _with_exponent(digits, power)
    return minus + format(abs(Decimal(repr(value)).normalize()), "f")


def _single(value: float) -> float:
    found: float = unpack("f", pack("f", value))[0]
    return found


def _with_exponent(digits: Sequence[int], power: int) -> str:
    first, *rest = map(str, digits)
    return f"{first}{'.' if rest else ''}{''.join(rest)}e{'-' if power < 0 else '+'}{abs(power):02}"
