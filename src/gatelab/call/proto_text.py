"""Elements as the text of a .proto file, as `grpcurl describe` prints them: sorted, full names, with doc comments."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from google.protobuf import text_encoding
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FieldDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from gatelab.call.elements import Element, file_members, members
from gatelab.call.proto_comments import Comments
from gatelab.call.proto_options import Option, options_of, quoted, quoted_bytes, short

_TYPES = {number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()}
_LABELS = {number: name.removeprefix("LABEL_").lower() for name, number in FieldDescriptorProto.Label.items()}
_MAX_TAG, _MAX_TAG_OF_SETS, _MAX_ENUM = (1 << 29) - 1, (1 << 31) - 2, (1 << 31) - 1
_FLOATS = (FieldDescriptorProto.TYPE_FLOAT, FieldDescriptorProto.TYPE_DOUBLE)


class ProtoText:
    """Prints the elements of files whose options `pool` knows.

    With `keeps_defaults` an enum's first value, which is its default, stays the first, whatever its number is.
    """

    def __init__(self, pool: DescriptorPool, *, keeps_defaults: bool = False) -> None:
        self._pool = pool
        self._keeps_defaults = keeps_defaults
        self._comments: dict[str, Comments] = {}

    def of(self, element: Element) -> str:
        """The element by itself."""
        return "\n".join(self._element(element, 0))

    def extension(self, element: Element) -> str:
        """An extension in the block that says what it extends."""
        return "\n".join(_block(0, f"extend {element.proto.extendee}", self._element(element, 1)))

    def _element(self, element: Element, depth: int) -> Iterator[str]:
        described = _type_of(element) if element.is_group else element
        comments = self._comments.setdefault(described.file.name, Comments(described.file))
        yield from (_at(depth, line) for line in comments.above(described.path))
        match element.kind:
            case "message":
                yield from _block(depth, f"message {element.proto.name}", self._message(element, depth + 1))
            case "field" | "extension":
                yield from self._field(element, depth)
            case "oneof":
                yield from _block(depth, f"oneof {element.proto.name}", self._choices(element, depth + 1))
            case "enum":
                yield from _block(depth, f"enum {element.proto.name}", self._enum(element, depth + 1))
            case "value":
                options = short(options_of(element.proto, self._pool, depth + 1), depth)
                yield _at(depth, f"{element.proto.name} = {element.proto.number}{options};")
            case "service":
                yield from _block(depth, f"service {element.proto.name}", self._service(element, depth + 1))
            case "method":
                yield from self._method(element, depth)

    def _message(self, element: Element, depth: int) -> Iterator[str]:
        inside = list(members(element))
        yield from self._options(element, depth)
        yield from self._fields(inside, depth)
        grouped = {each.proto.type_name for each in inside if each.is_group}
        for each in _by_name(inside, "message"):
            if not each.is_map_entry and f".{each.full_name}" not in grouped:
                yield from self._element(each, depth)
        for each in _by_name(inside, "enum"):
            yield from self._element(each, depth)
        yield from self._ranges(element.proto, depth)
        yield from self._extensions([each for each in inside if each.kind == "extension"], depth)
        yield from _reserved(element.proto, depth, element.file.edition)

    def _fields(self, inside: Sequence[Element], depth: int) -> Iterator[str]:
        """By number; a oneof where its first field is."""
        oneofs = [each for each in inside if each.kind == "oneof"]
        shown: set[int] = set()
        fields = (each for each in inside if each.kind == "field")
        for field in sorted(fields, key=lambda each: each.proto.number):
            index = field.proto.oneof_index
            if not field.proto.HasField("oneof_index") or field.proto.proto3_optional:
                yield from self._element(field, depth)
            elif index not in shown:
                shown.add(index)
                yield from self._element(oneofs[index], depth)

    def _choices(self, oneof: Element, depth: int) -> Iterator[str]:
        assert oneof.parent is not None
        yield from self._options(oneof, depth)
        index = oneof.path[-1]
        fields = (each for each in members(oneof.parent) if each.kind == "field" and each.proto.HasField("oneof_index"))
        for field in sorted(fields, key=lambda each: each.proto.number):
            if field.proto.oneof_index == index and not field.proto.proto3_optional:
                yield from self._element(field, depth)

    def _field(self, element: Element, depth: int) -> Iterator[str]:
        field = element.proto
        options = short(self._field_options(element, depth + 1), depth)
        if element.is_group:
            group = _type_of(element)
            head = f"{_label(element)}group {group.proto.name} = {field.number}{options}"
            yield from _block(depth, head, self._message(group, depth + 1))
        else:
            yield _at(depth, f"{_label(element)}{_type(element)} {field.name} = {field.number}{options};")

    def _field_options(self, element: Element, indent: int) -> list[Option]:
        """With `default` and `json_name`, which look like options."""
        field = element.proto
        found = options_of(field, self._pool, indent)
        if field.HasField("default_value"):
            found.append(("default", _default(field)))
        if field.json_name not in ("", _camel(field.name)):
            found.append(("json_name", quoted(field.json_name)))
        return sorted(found, key=lambda option: (option[0].startswith("("), option[0]))

    def _extensions(self, extensions: Sequence[Element], depth: int) -> Iterator[str]:
        for owner in sorted({each.proto.extendee for each in extensions}):
            own = sorted((each for each in extensions if each.proto.extendee == owner), key=lambda e: e.proto.number)
            body = chain.from_iterable(self._element(each, depth + 1) for each in own)
            yield from _block(depth, f"extend {owner}", body)

    def _enum(self, element: Element, depth: int) -> Iterator[str]:
        yield from self._options(element, depth)
        open_ = element.file.syntax not in ("", "proto2")
        values = list(members(element))
        first = values[:1] if self._keeps_defaults else []
        values = sorted(
            values[len(first) :],
            key=lambda each: (open_ and each.proto.number != 0, each.proto.number, each.proto.name),
        )
        for value in (*first, *values):
            yield from self._element(value, depth)
        yield from _reserved(element.proto, depth, element.file.edition)

    def _service(self, element: Element, depth: int) -> Iterator[str]:
        yield from self._options(element, depth)
        for method in sorted(members(element), key=lambda each: each.proto.name):
            yield from self._element(method, depth)

    def _method(self, element: Element, depth: int) -> Iterator[str]:
        head = signature(element)
        body = list(self._options(element, depth + 1))
        if body:
            yield from _block(depth, head, body)
        else:
            yield _at(depth, f"{head};")

    def _options(self, element: Element, depth: int) -> Iterator[str]:
        for name, value in options_of(element.proto, self._pool, depth):
            yield _at(depth, f"option {name} = {value};")

    def _ranges(self, message: DescriptorProto, depth: int) -> Iterator[str]:
        last = _MAX_TAG_OF_SETS if message.options.message_set_wire_format else _MAX_TAG
        ranges = sorted(message.extension_range, key=lambda each: each.start)
        while ranges:
            alike = [each for each in ranges if each.options == ranges[0].options]
            ranges = [each for each in ranges if each.options != alike[0].options]
            texts = ", ".join(_range(each.start, each.end - 1, last) for each in alike)
            options = short(options_of(alike[0], self._pool, depth + 1), depth)
            yield _at(depth, f"extensions {texts}{options};")


def signature(element: Element) -> str:
    """`rpc Send ( .greetings.GreetRequest ) returns ( stream .greetings.GreetResponse )`, without the end."""
    method = element.proto
    request = f"{'stream ' if method.client_streaming else ''}{method.input_type}"
    response = f"{'stream ' if method.server_streaming else ''}{method.output_type}"
    return f"rpc {method.name} ( {request} ) returns ( {response} )"


def _block(depth: int, head: str, body: Iterable[str]) -> Iterator[str]:
    yield _at(depth, f"{head} {{")
    yield from body
    yield _at(depth, "}")


def _at(depth: int, line: str) -> str:
    return f"{'  ' * depth}{line}"


def _by_name(inside: Iterable[Element], kind: str) -> list[Element]:
    return sorted((each for each in inside if each.kind == kind), key=lambda each: each.proto.name)


def _type_of(group: Element) -> Element:
    """The message that a group field defines beside itself."""
    around = members(group.parent) if group.parent is not None else file_members(group.file)
    return next(each for each in around if each.kind == "message" and f".{each.full_name}" == group.proto.type_name)


def _label(element: Element) -> str:
    field = element.proto
    proto2 = element.file.syntax in ("", "proto2")
    if field.proto3_optional:
        return "optional "
    if field.HasField("oneof_index") or _entry(element) is not None:
        return ""
    if field.label == FieldDescriptorProto.LABEL_OPTIONAL and not proto2:
        return ""
    return f"{_LABELS[field.label]} "


def _type(element: Element) -> str:
    entry = _entry(element)
    if entry is not None:
        key, value = (each for each in members(entry) if each.kind == "field")
        return f"map<{_type(key)}, {_type(value)}>"
    return element.proto.type_name or _TYPES[element.proto.type]


def _entry(element: Element) -> Element | None:
    """The message of a map field's entries."""
    if element.proto.label != FieldDescriptorProto.LABEL_REPEATED or element.parent is None:
        return None
    nested = (each for each in members(element.parent) if each.is_map_entry)
    return next((each for each in nested if f".{each.full_name}" == element.proto.type_name), None)


def _default(field: FieldDescriptorProto) -> str:
    if field.type == FieldDescriptorProto.TYPE_STRING:
        return quoted(field.default_value)
    if field.type == FieldDescriptorProto.TYPE_BYTES:  # in a descriptor it is escaped as in C
        return quoted_bytes(text_encoding.CUnescape(field.default_value))
    return f"{float(field.default_value):f}" if field.type in _FLOATS else field.default_value


def _camel(name: str) -> str:
    """protoc's json_name of a field that does not set one."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _reserved(proto: DescriptorProto | EnumDescriptorProto, depth: int, edition: int) -> Iterator[str]:
    is_enum = isinstance(proto, EnumDescriptorProto)
    last = _MAX_ENUM if is_enum else _MAX_TAG
    ranges = sorted((each.start, each.end if is_enum else each.end - 1) for each in proto.reserved_range)
    if ranges:
        yield _at(depth, f"reserved {', '.join(_range(start, end, last) for start, end in ranges)};")
    if proto.reserved_name:
        bare = edition >= 1000
        names = (name if bare else quoted(name) for name in sorted(proto.reserved_name))
        yield _at(depth, f"reserved {', '.join(names)};")


def _range(start: int, end: int, last: int) -> str:
    return str(start) if start == end else f"{start} to max" if end == last else f"{start} to {end}"
