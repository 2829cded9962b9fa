"""Request data: the messages that `-d` or stdin hold, as JSON or in protobuf's text format."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.errors import DataError
from gatelab.call.json_text import SPECIAL
from gatelab.call.schema import Method

Format = Literal["json", "text"]
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
    if not isinstance(value, dict) and name not in SPECIAL:
        raise DataError(f"error getting request data: a {name} is a JSON object, and this is {json.dumps(value)}")
    try:
        json_format.ParseDict(
            _as_the_library_reads_it(value, method.pool),
            message,
            ignore_unknown_fields=allow_unknown_fields,
            descriptor_pool=method.pool,
        )
    except (json_format.ParseError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"error getting request data: {_in_one_line(error)}") from error
    return message


def _in_one_line(error: Exception) -> str:
    return "; ".join(line.strip().rstrip(".") for line in str(error).splitlines())


def _as_the_library_reads_it(value: Any, pool: DescriptorPool) -> Any:
    """It takes no `value` of an Empty in an Any, which the JSON mapping prescribes, and extensions by one name only."""
    match value:
        case {"@type": str(url), "value": dict(empty)} if url.endswith("/google.protobuf.Empty") and not empty:
            return {"@type": url}
        case dict():
            return {_extension(name, pool): _as_the_library_reads_it(each, pool) for name, each in value.items()}
        case list():
            return [_as_the_library_reads_it(each, pool) for each in value]
        case _:
            return value


def _extension(name: str, pool: DescriptorPool) -> str:
    """`[scope.shelfMarks]`, which is how it is printed, as `[scope.shelf_marks]`, if that is one."""
    if not name.startswith("[") or not name.endswith("]"):
        return name
    scope, dot, own = name[1:-1].rpartition(".")
    full_name = scope + dot + re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", own)
    try:
        return f"[{pool.FindExtensionByName(full_name).full_name}]"
    except KeyError:
        return name


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
        yield message


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
