"""Where a schema comes from: files, a server's reflection, or both."""

from collections.abc import Iterator
from typing import Any, Protocol

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from gatelab.call.errors import SchemaError
from gatelab.call.json_text import ANY, map_entry, type_name, unpacked
from gatelab.call.schema import Schema
from gatelab.call.well_known import well_known


class Source(Protocol):
    """Both raise SchemaError."""

    async def services(self) -> list[str]:
        """Full names."""
        ...

    async def schema_of(self, symbol: str) -> Schema:
        """What is needed to use `symbol`. Raises SymbolNotFound."""
        ...


class Files:
    """A schema that was read."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    async def services(self) -> list[str]:
        return self._schema.services()

    async def schema_of(self, symbol: str) -> Schema:
        self._schema.element(symbol)
        return self._schema


class Both:
    """What the server tells, and where it does not know a symbol, what was read."""

    def __init__(self, server: Source, files: Source) -> None:
        self._server = server
        self._files = files

    async def services(self) -> list[str]:
        return await self._server.services()

    async def schema_of(self, symbol: str) -> Schema:
        try:
            return await self._server.schema_of(symbol)
        except SchemaError:
            return await self._files.schema_of(symbol)


async def learn(source: Source, schema: Schema, message: Message) -> None:
    """Adds to `schema` the types of what is packed in `message` (google.protobuf.Any), as far as `source` has them."""
    await learn_types(source, schema, {each.type_url for each in _packed(message)})
    for each in _packed(message):
        try:
            inner = unpacked(each, schema.pool)
        except DecodeError:
            continue  # shown as bytes, with a word on why
        if inner is not None:
            await learn(source, schema, inner)


async def learn_types(source: Source, schema: Schema, type_urls: set[str]) -> None:
    """The same for names of types, which come before the slash-separated part is cut off."""
    for url in sorted(type_urls):
        name = type_name(url)
        try:
            schema.message(name)
        except SchemaError:
            schema.include(await _found(source, name))


async def _found(source: Source, name: str) -> Schema:
    """What the source has of a type, else what everybody has; nothing, and the type is shown as bytes."""
    try:
        return await source.schema_of(name)
    except SchemaError:
        return Schema(well_known(name))


def types_in(value: Any) -> set[str]:
    """The `@type`s in a JSON value."""
    match value:
        case dict():
            own = {value["@type"]} if isinstance(value.get("@type"), str) else set()
            return own.union(*map(types_in, value.values()))
        case list():
            return set().union(*map(types_in, value))
        case _:
            return set()


def _packed(message: Message) -> Iterator[Any]:
    if message.DESCRIPTOR.full_name == ANY:
        yield message
        return
    for field, value in message.ListFields():
        for each in _messages(field, value):
            yield from _packed(each)


def _messages(field: FieldDescriptor, value: Any) -> Iterator[Message]:
    if field.message_type is None:
        return
    if (entry := map_entry(field)) is not None:
        if entry.fields_by_name["value"].message_type is not None:
            yield from value.values()
    elif field.is_repeated:
        yield from value
    else:
        yield value
