"""Request messages as they come: text is cut into documents before its end is there, as for a conversation."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

from google.protobuf.message import Message

from gatelab.call.messages import Format, requests, values_of
from gatelab.call.schema import Method
from gatelab.call.text_format import SEPARATOR

_AT_TOP: Final = re.compile(r'[][{}"\s]')
_WITHIN: Final = re.compile(r'[][{}"]')
_IN_STRING: Final = re.compile(r'["\\]')


class JsonPieces:
    """Cuts a text that arrives in pieces after each JSON value; it does not judge them."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._depth = 0
        self._in_string = False

    def feed(self, text: str) -> Iterator[str]:
        """The values that are complete now."""
        self._text += text
        while (end := self._end()) is not None:
            value, self._text = self._text[:end], self._text[end:]
            self._at = 0
            yield value

    def rest(self) -> str:
        """What is left when no more text comes."""
        return self._text

    def _end(self) -> int | None:
        """Where the first value ends, if that is there."""
        while True:
            pattern = _IN_STRING if self._in_string else _WITHIN if self._depth else _AT_TOP
            found = pattern.search(self._text, self._at)
            if found is None:
                self._at = max(self._at, len(self._text))
                return None
            if not self._in_string and not self._depth and self._text[: found.start()].strip():
                return found.start()  # a number or a word ends where something else begins
            self._at = found.end()
            if self._closes(found[0]):
                return self._at

    def _closes(self, mark: str) -> bool:
        """Takes a mark in; True when a value ends with it."""
        if mark == "\\":
            self._at += 1
            return False
        if mark == '"':
            self._in_string = not self._in_string
            return not self._in_string and not self._depth
        if mark in "{[":
            self._depth += 1
        elif mark in "}]":
            self._depth = max(0, self._depth - 1)
            return not self._depth
        return False


class TextPieces:
    """The same for records of protobuf's text format."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> Iterator[str]:
        *records, self._text = (self._text + text).split(SEPARATOR)
        yield from records

    def rest(self) -> str:
        return self._text


async def streamed_requests(
    method: Method,
    chunks: AsyncIterable[str],
    *,
    allow_unknown_fields: bool = False,
    data_format: Format = "json",
    learn: Callable[[Any], Awaitable[None]],
) -> AsyncIterator[Message]:
    """The messages of a stream of the client's, each as soon as its text is complete.

    `learn` is awaited with each JSON value, before it is read. Raises DataError naming the field.
    """
    pieces = JsonPieces() if data_format == "json" else TextPieces()

    async def read(text: str) -> list[Message]:
        if data_format == "json":
            for value in values_of(text):
                await learn(value)
        return requests(method, text, allow_unknown_fields=allow_unknown_fields, data_format=data_format)

    async for chunk in chunks:
        for text in pieces.feed(chunk):
            for message in await read(text):
                yield message
    for message in await read(pieces.rest()):
        yield message
