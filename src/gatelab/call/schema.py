"""What a server offers, from descriptors: services, methods, messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.elements import Element, elements
from gatelab.call.errors import SchemaError, SymbolNotFound


@dataclass(frozen=True, slots=True)
class Method:
    """One method and its message types."""

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    client_streaming: bool
    server_streaming: bool
    pool: DescriptorPool

    @property
    def full_name(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def path(self) -> str:
        """The `:path` of its calls."""
        return f"/{self.service}/{self.name}"


class Schema:
    """Descriptors in a pool of their own, so that two schemas may differ about one name."""

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        """Raises SchemaError when a file's import is missing or its contents contradict another's."""
        self.pool = DescriptorPool()
        self._files = {file.name: file for file in files}
        self._added: set[str] = set()
        for name in self._files:
            self._add(name, ())

    def services(self) -> list[str]:
        """Full names, in the order of the files, and in them."""
        return [
            f"{file.package}.{service.name}" if file.package else service.name
            for file in self._files.values()
            for service in file.service
        ]

    def service(self, name: str) -> ServiceDescriptor:
        """Raises SchemaError in grpcurl's words."""
        try:
            return self.pool.FindServiceByName(name)
        except KeyError:
            raise SymbolNotFound(f'target server does not expose service "{name}"') from None

    def method(self, symbol: str) -> Method:
        """The method named `package.Service/Method` or `package.Service.Method`. Raises SchemaError."""
        service_name, name = split_method(symbol)
        service = self.service(service_name)
        found = service.methods_by_name.get(name)
        if found is None:
            known = ", ".join(service.methods_by_name) or "none"
            raise SchemaError(f'service "{service_name}" does not include a method named "{name}" (it has: {known})')
        return Method(
            service=service.full_name,
            name=found.name,
            request=message_factory.GetMessageClass(found.input_type),
            response=message_factory.GetMessageClass(found.output_type),
            client_streaming=found.client_streaming,
            server_streaming=found.server_streaming,
            pool=self.pool,
        )

    def message(self, name: str) -> Descriptor:
        """The message of that full name. Raises SymbolNotFound."""
        try:
            return self.pool.FindMessageTypeByName(name)
        except KeyError:
            raise SymbolNotFound(f"Symbol not found: {name}") from None

    def element(self, name: str) -> Element:
        """Anything that has that full name, with its source comments where the schema has them.

        Raises SymbolNotFound.
        """
        for file in self._files.values():
            inside = not file.package or name.startswith(f"{file.package}.")
            found = next((each for each in elements(file) if name in each.names), None) if inside else None
            if found is not None:
                return found
        raise SymbolNotFound(f"Symbol not found: {name}")

    def include(self, other: "Schema") -> None:
        """Adds the files of another schema that this one has not. Raises SchemaError when they contradict its own."""
        self._files |= {name: file for name, file in other.files.items() if name not in self._files}
        for name in self._files:
            self._add(name, ())

    def files_of(self, names: Iterable[str]) -> list[FileDescriptorProto]:
        """The files that define `names`, and all they import, imports first. Raises SymbolNotFound."""
        found: dict[str, FileDescriptorProto] = {}
        for name in names:
            self._collect(self.element(name).file, found)
        return list(found.values())

    @property
    def files(self) -> Mapping[str, FileDescriptorProto]:
        return self._files

    def _collect(self, file: FileDescriptorProto, found: dict[str, FileDescriptorProto]) -> None:
        if file.name not in found:
            for dependency in file.dependency:
                self._collect(self._files[dependency], found)
            found[file.name] = file

    def _add(self, name: str, importers: tuple[str, ...]) -> None:
        if name in self._added:
            return
        file = self._files.get(name)
        if file is None or name in importers:
            reason = "no descriptor found" if file is None else "cycle found in imports"
            raise SchemaError(f'{reason} for "{name}", imported by {", ".join(importers[-1:]) or "nothing"}')
        for dependency in file.dependency:
            self._add(dependency, (*importers, name))
        try:
            self.pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise SchemaError(f'descriptor of "{name}" cannot be used: {error}') from error
        self._added.add(name)


def split_method(symbol: str) -> tuple[str, str]:
    """Service and method of `svc/Method` or `svc.Method`. Raises SchemaError when there is no separator."""
    name = symbol.removeprefix("/")
    service, separator, method = name.rpartition("/" if "/" in name else ".")
    if not separator or not service or not method:
        raise SchemaError(
            f"given method name \"{symbol}\" is not in expected format: 'service/method' or 'service.method'"
        )
    return service, method
