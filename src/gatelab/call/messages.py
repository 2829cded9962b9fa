"""Messages as JSON, as protobuf's JSON mapping has it: what `-d` says, and what is printed."""

import json
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.errors import DataError
from gatelab.call.schema import Method

_SPACE = " \t\r\n"


def documents(text: str) -> Iterator[Any]:
    """The JSON values in `text`, one after the other with or without space between. Raises DataError with the place."""
    decoder = json.JSONDecoder()
    at = _skip_space(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise DataError(f"request data is not JSON: {error}") from error
        yield value
        at = _skip_space(text, at)


def requests(method: Method, text: str, *, allow_unknown_fields: bool = False) -> list[Message]:
    """The request messages that `text` holds; no text at all is one empty message where exactly one is wanted.

    Raises DataError naming the field.
    """
    parsed = [parse(method, value, allow_unknown_fields=allow_unknown_fields) for value in documents(text)]
    if method.client_streaming:
        return parsed
    if len(parsed) > 1:
        kind = "server-streaming" if method.server_streaming else "unary"
        raise DataError(f'method "{method.full_name}" is a {kind} RPC, but request data contained more than 1 message')
    return parsed or [method.request()]


def parse(method: Method, value: Any, *, allow_unknown_fields: bool = False) -> Message:
    """One request message from a JSON value. Raises DataError naming the field."""
    message = method.request()
    try:
        json_format.ParseDict(value, message, ignore_unknown_fields=allow_unknown_fields, descriptor_pool=method.pool)
    except (json_format.ParseError, TypeError, AttributeError) as error:
        raise DataError(f"error getting request data: {error}") from error
    return message


def to_json(message: Message, pool: DescriptorPool, *, emit_defaults: bool = False) -> str:
    """A message as grpcurl prints it: JSON names, two spaces of indentation."""
    return json_format.MessageToJson(
        message,
        indent=2,
        ensure_ascii=False,
        always_print_fields_with_no_presence=emit_defaults,
        descriptor_pool=pool,
    )


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
