"""A whole .proto file from its descriptor, to be read by protoc: what -proto-out-dir writes."""

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import Edition, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from gatelab.call.elements import file_members
from gatelab.call.proto_options import options_of
from gatelab.call.proto_text import ProtoText


def file_text(file: FileDescriptorProto, pool: DescriptorPool) -> str:
    """Messages, enums and services in the order of the descriptor, a blank line between; comments of elements kept."""
    return "\n\n".join(_blocks(file, pool)) + "\n"


def _blocks(file: FileDescriptorProto, pool: DescriptorPool) -> Iterator[str]:
    yield _syntax(file)
    if file.package:
        yield f"package {file.package};"
    if file.dependency:
        yield "\n".join(_imports(file))
    options = options_of(file, pool, 0)
    if options:
        yield "\n".join(f"option {name} = {value};" for name, value in options)
    text = ProtoText(pool, keeps_defaults=True)
    groups = {each.proto.type_name for each in file_members(file) if each.is_group}
    for element in file_members(file):
        if element.kind == "extension":
            yield text.extension(element)
        elif f".{element.full_name}" not in groups:
            yield text.of(element)


def _syntax(file: FileDescriptorProto) -> str:
    if file.syntax == "editions":
        return f'edition = "{Edition.Name(file.edition).removeprefix("EDITION_")}";'
    return f'syntax = "{file.syntax or "proto2"}";'


def _imports(file: FileDescriptorProto) -> Iterator[str]:
    for index, name in enumerate(file.dependency):
        modifier = "public " if index in file.public_dependency else "weak " if index in file.weak_dependency else ""
        yield f'import {modifier}"{name}";'
