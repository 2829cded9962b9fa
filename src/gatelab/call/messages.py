"""Request data: the messages that `-d` or stdin hold, as JSON or in protobuf's text format."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from gatelab.call.errors import DataError
from gatelab.call.json_reading import readable
from gatelab.call.json_text import FIELD_MASK, SPECIAL
from gatelab.call.schema import Method

Format = Literal["json", "text"]
_SPACE = " \t\r\n"
_OF_PYTHON: Final = (
    (re.compile(r"expected string or bytes-like object, got '\w+'"), "a string is wanted, in quotes"),
    (re.compile(r"int\(\) argument must be .* not 'NoneType'"), "null is no value of an enum"),
    (re.compile(r"invalid literal for int\(\) with base 10: "), "no integer: "),
)
"""Words of Python's in the library's errors, and what they mean to who has written the JSON."""


def documents(text: str) -> Iterator[Any]:
    """The JSON values in `text`, one after the other with or without space between. Raises DataError with the place."""
    decoder = json.JSONDecoder()
    at = _skip_space(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise DataError(f"request data is not JSON: {error}") from error
        except RecursionError as error:
            raise DataError("request data is nested too deeply") from error
        yield value
        at = _skip_space(text, at)


def requests(
    method: Method, text: str, *, allow_unknown_fields: bool = False, data_format: Format = "json"
) -> list[Message]:
    """The request messages that `text` holds: none when there is no JSON, at least one in the text format.

    Raises DataError naming the field, and for a second message where exactly one is wanted.
    """
    if data_format == "text":
        parsed = list(_text_records(method, text))
    else:
        parsed = [parse(method, value, allow_unknown_fields=allow_unknown_fields) for value in values_of(text)]
    if len(parsed) > 1 and not method.client_streaming:
        kind = "server-streaming" if method.server_streaming else "unary"
        raise DataError(f'method "{method.full_name}" is a {kind} RPC, but request data contained more than 1 message')
    return parsed


def parse(method: Method, value: Any, *, allow_unknown_fields: bool = False) -> Message:
    """One request message from a JSON value. Raises DataError naming the field."""
    message = method.request()
    name = message.DESCRIPTOR.full_name
    if not isinstance(value, dict) and name not in SPECIAL | {FIELD_MASK}:
        raise DataError(f"error getting request data: a {name} is a JSON object, and this is {json.dumps(value)}")
    try:
        json_format.ParseDict(
            readable(value, cast(Descriptor, message.DESCRIPTOR), method.pool),
            message,
            ignore_unknown_fields=allow_unknown_fields,
            descriptor_pool=method.pool,
        )
    except (DataError, json_format.ParseError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"error getting request data: {_in_one_line(error)}") from error
    return _complete(message)


def _complete(message: Message) -> Message:
    """Raises DataError where a required field of proto2 is not set, without which there are no bytes of a message."""
    if not message.IsInitialized():
        missing = ", ".join(message.FindInitializationErrors())  # type: ignore[attr-defined]
        raise DataError(f"error getting request data: some required fields missing: {missing}")
    return message


def _in_one_line(error: Exception) -> str:
    text = "; ".join(line.strip().rstrip(".") for line in str(error).splitlines())
    for pattern, words in _OF_PYTHON:
        text = pattern.sub(words, text)
    return text


def values_of(text: str) -> Iterator[Any]:
    """`documents`, with the error worded for request data."""
    try:
        yield from documents(text)
    except DataError as error:
        raise DataError(f"error getting request data: {error}") from error


def _text_records(method: Method, text: str) -> Iterator[Message]:
    from gatelab.call.text_format import SEPARATOR, parse_text

    for record in text.split(SEPARATOR):
        message = method.request()
        parse_text(record, message, method.pool)
        yield _complete(message)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
