"""grpc.reflection.v1 and v1alpha.ServerReflection: how grpcurl and its like find out what a server offers.

The two differ in their names only (gRPC doc/server-reflection.md).
"""

from collections.abc import Callable, Iterator
from typing import Final

from gatelab.grpc_wire.protowire import chunk, fields, number, text
from gatelab.grpc_wire.server_session import Handler, Receiver, ServerCall
from gatelab.grpc_wire.status import StatusCode

SERVICES: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")

_FileByName, _FileBySymbol, _FileByExtension, _Extensions, _List = 3, 4, 5, 6, 7


class Reflection:
    """Answers from serialized FileDescriptorSets. `load` gives them, and is called at the first question only."""

    def __init__(self, services: tuple[str, ...], load: Callable[[], tuple[bytes, ...]]) -> None:
        self._services = services
        self._load = load
        self._catalogue: _Catalogue | None = None

    def handlers(self) -> dict[bytes, Handler]:
        return {f"/{service}/ServerReflectionInfo".encode(): self._begin for service in SERVICES}

    def answer(self, request: bytes) -> bytes:
        """The ServerReflectionResponse to a ServerReflectionRequest.

        Raises:
            ValueError: the request is not one.
        """
        if self._catalogue is None:
            self._catalogue = _Catalogue(self._load())
        asked = dict(fields(request))
        head = chunk(1, text(asked.get(1))) + chunk(2, request)
        if _List in asked:
            names = sorted((*self._services, *SERVICES))
            return head + chunk(6, b"".join(chunk(1, chunk(1, name)) for name in names))
        for tag, what in ((_FileByName, "file"), (_FileBySymbol, "symbol")):
            if tag in asked:
                name = text(asked[tag])
                known = self._catalogue.files if tag == _FileByName else self._catalogue.symbols
                return head + self._files(known.get(name), f"{what} not found: {name}")
        if _Extensions in asked and text(asked[_Extensions]) in self._catalogue.symbols:
            return head + chunk(5, chunk(1, text(asked[_Extensions])))
        if _Extensions in asked or _FileByExtension in asked:
            return head + _error(StatusCode.NOT_FOUND, "extension not found: proto3 has none")
        return head + _error(StatusCode.INVALID_ARGUMENT, "the request asks nothing")

    def _files(self, descriptor: bytes | None, missing: str) -> bytes:
        if descriptor is None:
            return _error(StatusCode.NOT_FOUND, missing)
        return chunk(4, chunk(1, descriptor))

    def _begin(self, call: ServerCall) -> Receiver:
        return _Questions(self, call)


class _Questions:
    def __init__(self, reflection: Reflection, call: ServerCall) -> None:
        self._reflection = reflection
        self._call = call

    def on_message(self, message: bytes) -> None:
        try:
            self._call.send(self._reflection.answer(message))
        except ValueError as error:
            self._call.finish(StatusCode.INVALID_ARGUMENT, f"ServerReflectionRequest: {error}")

    def on_end(self) -> None:
        self._call.finish()

    def on_cancel(self) -> None:
        """Nothing is kept between questions."""


def _error(code: StatusCode, words: str) -> bytes:
    return chunk(7, number(1, code) + chunk(2, words))


class _Catalogue:
    """FileDescriptorProtos by file name and by every symbol in them."""

    def __init__(self, sets: tuple[bytes, ...]) -> None:
        self.files: dict[str, bytes] = {}
        self.symbols: dict[str, bytes] = {}
        for descriptor_set in sets:
            for _, descriptor in fields(descriptor_set):
                assert isinstance(descriptor, bytes)
                self.files[text(dict(fields(descriptor)).get(1))] = descriptor
                self.symbols |= dict.fromkeys(_symbols(descriptor), descriptor)


def _symbols(descriptor: bytes) -> Iterator[str]:
    """FileDescriptorProto: package 2, message_type 4, enum_type 5, service 6."""
    package = text(dict(fields(descriptor)).get(2))
    prefix = f"{package}." if package else ""
    for tag, value in fields(descriptor):
        if tag in (4, 5, 6) and isinstance(value, bytes):
            yield from _members(prefix, tag, value)


def _members(prefix: str, tag: int, value: bytes) -> Iterator[str]:
    """A message with its nested types (3) and enums (4), a service with its methods (2), or an enum."""
    name = prefix + text(dict(fields(value)).get(1))
    yield name
    inner = {4: {3: 4, 4: 5}, 6: {2: 0}}.get(tag, {})
    for inner_tag, inner_value in fields(value):
        if inner_tag in inner and isinstance(inner_value, bytes):
            yield from _members(name + ".", inner[inner_tag], inner_value)
