"""Where a schema comes from: files, a server's reflection, or both."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError, Message

from gatelab.call.elements import extensions
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

    async def extensions_of(self, name: str) -> list[Sequence[FileDescriptorProto]]:
        """Sets of files that extend the message type of that name, each with its imports; none raises an error."""
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

    async def extensions_of(self, name: str) -> list[Sequence[FileDescriptorProto]]:
        names = [each.full_name for each in extensions(self._schema.files.values(), name)]
        return [self._schema.files_of(names)] if names else []


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

    async def extensions_of(self, name: str) -> list[Sequence[FileDescriptorProto]]:
        return [*await self._server.extensions_of(name), *await self._files.extensions_of(name)]


async def with_extensions(source: Source, schema: Schema, method: str) -> Schema:
    """`schema` and the extensions of what a method takes and returns, at any depth, as far as `source` has them.

    Files that contradict those before them are left out: the server's go before those that were read.
    """
    found = schema.method(method)
    extendable: set[str] = set()
    seen: set[str] = set()
    for each in (found.request, found.response):
        _walk(schema.message(each.DESCRIPTOR.full_name), seen, extendable)
    for name in sorted(extendable):
        for files in await source.extensions_of(name):
            more = [file for file in files if file.name not in schema.files]
            with suppress(SchemaError):
                schema = Schema([*schema.files.values(), *more]) if more else schema
    return schema


def _walk(message: Descriptor, seen: set[str], extendable: set[str]) -> None:
    """Adds the names of what may be extended, of a message and of those in it."""
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    if message.is_extendable:
        extendable.add(message.full_name)
    for field in message.fields:
        if field.message_type is not None:
            _walk(field.message_type, seen, extendable)


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
