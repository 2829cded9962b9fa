"""The schema of a server that describes itself: reflection v1, then v1alpha (gRPC doc/server-reflection.md)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError, Message

from gatelab.call.elements import extension_numbers
from gatelab.call.errors import ReflectionFailed, SchemaError, SymbolNotFound
from gatelab.call.reflection_messages import reflection_messages
from gatelab.call.schema import Schema, split_method
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.metadata import Metadata
from gatelab.grpc_wire.status import StatusCode, display_name

VERSIONS = ("v1", "v1alpha")


class Reflection:
    """Asks one server, each question in a call of its own, and remembers which version it speaks.

    Every method raises SchemaError in grpcurl's words.
    """

    def __init__(self, channel: Channel, *, metadata: Metadata = (), timeout_s: float | None = None) -> None:
        self._channel = channel
        self._metadata = metadata
        self._timeout_s = timeout_s
        self._versions = list(VERSIONS)

    async def services(self) -> list[str]:
        """Full names, in the server's order."""
        answer = await self._ask("list_services", "*")
        return [service.name for service in answer.list_services_response.service]  # type: ignore[attr-defined]

    async def schema_of_method(self, symbol: str) -> Schema:
        """What is needed to call `svc/Method` or `svc.Method`."""
        service, _ = split_method(symbol)
        try:
            return await self.schema_of(service)
        except SymbolNotFound:
            raise SchemaError(f'target server does not expose service "{service}"') from None

    async def schema_of(self, symbol: str) -> Schema:
        """The file that defines `symbol`, and what that imports."""
        return Schema((await self._with_imports(await self._files("file_containing_symbol", symbol))).values())

    async def extensions_of(self, name: str) -> list[Sequence[FileDescriptorProto]]:
        """The files that extend a message type, with their imports: one set, or none.

        A server that knows nothing of extensions, as many do not, has none.
        """
        known: dict[str, FileDescriptorProto] = {}
        try:
            answer = await self._ask("all_extension_numbers_of_type", name)
            for number in answer.all_extension_numbers_response.extension_number:  # type: ignore[attr-defined]
                if number not in extension_numbers(known.values(), name):
                    asked = {"containing_type": name, "extension_number": number}
                    known |= await self._with_imports(await self._files("file_containing_extension", asked))
        except SchemaError:
            return []
        return [list(known.values())] if known else []

    async def _with_imports(self, first: Iterable[FileDescriptorProto]) -> dict[str, FileDescriptorProto]:
        """By name, those first that were first."""
        known = {file.name: file for file in first}
        while missing := {name for file in known.values() for name in file.dependency} - known.keys():
            for name in sorted(missing):
                try:
                    known.update((file.name, file) for file in await self._files("file_by_filename", name))
                except SymbolNotFound:
                    raise SchemaError(f'the server does not have "{name}", which its own files import') from None
                if name not in known:
                    raise SchemaError(f'asked for "{name}", the server sent other files')
        return known

    async def _files(self, question: str, value: str | Mapping[str, Any]) -> Iterable[FileDescriptorProto]:
        answer = await self._ask(question, value)
        try:
            encoded = answer.file_descriptor_response.file_descriptor_proto  # type: ignore[attr-defined]
            return [FileDescriptorProto.FromString(each) for each in encoded]
        except DecodeError as error:
            raise SchemaError(f"the server's description of {value} cannot be read: {error}") from error

    async def _ask(self, question: str, value: str | Mapping[str, Any]) -> Message:
        request_type, response_type = reflection_messages()
        request = request_type(**{question: value}).SerializeToString()
        for version in tuple(self._versions):
            path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
            reply = await self._channel.unary(path, request, metadata=self._metadata, timeout_s=self._timeout_s)
            if reply.code == StatusCode.UNIMPLEMENTED and version != VERSIONS[-1]:
                self._versions.remove(version)
                continue
            if reply.message is None:
                raise _refusal(reply.code, reply.details)
            answer = response_type.FromString(reply.message)
            if answer.HasField("error_response"):
                raise _error(answer, value)
            return answer
        raise AssertionError("the last version always answers or raises")


def _refusal(code: int, details: str) -> SchemaError:
    if code == StatusCode.UNIMPLEMENTED:
        return SchemaError("server does not support the reflection API")
    return ReflectionFailed(display_name(code), details)


def _error(answer: Message, value: str | Mapping[str, Any]) -> SchemaError:
    error = answer.error_response  # type: ignore[attr-defined]
    if error.error_code == StatusCode.NOT_FOUND:
        return SymbolNotFound(f"Symbol not found: {value}")
    return SchemaError(f"reflection: {display_name(error.error_code)}: {error.error_message}")
