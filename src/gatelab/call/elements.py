"""The elements of a .proto file by their full names, as descriptor protos with their place in the file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

Kind = Literal["message", "field", "oneof", "enum", "value", "service", "method", "extension"]
_GROUP = FieldDescriptorProto.TYPE_GROUP

_MEMBERS: Mapping[str, Sequence[tuple[str, int, Kind]]] = {
    "file": (
        ("message_type", 4, "message"),
        ("enum_type", 5, "enum"),
        ("service", 6, "service"),
        ("extension", 7, "extension"),
    ),
    "message": (
        ("field", 2, "field"),
        ("nested_type", 3, "message"),
        ("enum_type", 4, "enum"),
        ("extension", 6, "extension"),
        ("oneof_decl", 8, "oneof"),
    ),
    "enum": (("value", 2, "value"),),
    "service": (("method", 2, "method"),),
}
"""Attribute, tag and kind of what each kind contains (descriptor.proto)."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element; `path` is its place as in SourceCodeInfo (descriptor.proto)."""

    kind: Kind
    full_name: str
    proto: Any
    path: tuple[int, ...]
    parent: "Element | None"
    file: FileDescriptorProto

    @property
    def names(self) -> tuple[str, ...]:
        """What finds it: an enum's values are also named as its siblings are (protobuf language guide, "Enums")."""
        if self.kind != "value":
            return (self.full_name,)
        enum, _, own = self.full_name.rpartition(".")
        scope = enum.rpartition(".")[0]
        return (self.full_name, f"{scope}.{own}" if scope else own)

    @property
    def is_map_entry(self) -> bool:
        return self.kind == "message" and self.proto.options.map_entry

    @property
    def is_group(self) -> bool:
        """A field whose type is defined in the same place."""
        return self.kind in ("field", "extension") and self.proto.type == _GROUP


def elements(file: FileDescriptorProto) -> Iterator[Element]:
    """All, parents before what they contain."""
    for element in _members("file", file, file, None, (), file.package):
        yield from _within(element)


def members(element: Element) -> Iterator[Element]:
    """What an element contains, in the order of the tags, then of declaration."""
    return _members(element.kind, element.proto, element.file, element, element.path, element.full_name)


def extensions(files: Iterable[FileDescriptorProto], extended: str) -> Iterator[Element]:
    """What in `files` extends the message of that full name."""
    for file in files:
        yield from (e for e in elements(file) if e.kind == "extension" and e.proto.extendee == f".{extended}")


def extension_numbers(files: Iterable[FileDescriptorProto], extended: str) -> set[int]:
    """The numbers of those fields."""
    return {each.proto.number for each in extensions(files, extended)}


def file_members(file: FileDescriptorProto) -> Iterator[Element]:
    return _members("file", file, file, None, (), file.package)


def _within(element: Element) -> Iterator[Element]:
    yield element
    for member in members(element):
        yield from _within(member)


def _members(
    kind: str, proto: Any, file: FileDescriptorProto, parent: Element | None, path: tuple[int, ...], scope: str
) -> Iterator[Element]:
    for attribute, tag, member_kind in _MEMBERS.get(kind, ()):
        for index, each in enumerate(getattr(proto, attribute)):
            name = f"{scope}.{each.name}" if scope else each.name
            yield Element(member_kind, name, each, (*path, tag, index), parent, file)
