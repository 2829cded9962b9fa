"""A message with something in every place, to be filled in: `describe -msg-template`."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.json_text import map_entry

_EXAMPLES: dict[str, Any] = {
    "google.protobuf.Any": {"@type": "type.googleapis.com/google.protobuf.Empty"},
    "google.protobuf.Value": {"google.protobuf.Value": "supports arbitrary JSON"},
    "google.protobuf.ListValue": [{"google.protobuf.ListValue": "is an array of arbitrary JSON values"}],
    "google.protobuf.Struct": {"google.protobuf.Struct": "supports arbitrary JSON objects"},
}
"""Where an empty message has no JSON, or says nothing."""


def fill(message: Message, pool: DescriptorPool, above: tuple[str, ...] = ()) -> None:
    """Sets messages and gives every list and map one element; a message that contains itself is left empty there.

    `pool` knows google.protobuf.Empty, which stands in every Any.
    """
    name = message.DESCRIPTOR.full_name
    if name in _EXAMPLES:
        json_format.ParseDict(_EXAMPLES[name], message, descriptor_pool=pool)
    elif name not in above:
        for field in message.DESCRIPTOR.fields:
            _fill_field(message, field, pool, (*above, name))


def _fill_field(message: Message, field: Any, pool: DescriptorPool, above: tuple[str, ...]) -> None:
    value = getattr(message, field.name)
    if (entry := map_entry(field)) is not None:
        _fill_map(value, entry, pool, above)
    elif field.is_repeated and field.message_type is not None:
        fill(value.add(), pool, above)
    elif field.is_repeated:
        value.append(_zero(field))
    elif field.message_type is not None:
        value.SetInParent()
        fill(value, pool, above)


def _fill_map(value: Any, entry: Descriptor, pool: DescriptorPool, above: tuple[str, ...]) -> None:
    key = _zero(entry.fields_by_name["key"])
    kind = entry.fields_by_name["value"]
    if kind.message_type is not None:
        fill(value[key], pool, above)
    else:
        value[key] = _zero(kind)


def _zero(field: FieldDescriptor) -> Any:
    zeros = {FieldDescriptor.TYPE_STRING: "", FieldDescriptor.TYPE_BYTES: b"", FieldDescriptor.TYPE_BOOL: False}
    return zeros.get(field.type, 0)
