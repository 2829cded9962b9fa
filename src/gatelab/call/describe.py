"""What a symbol is, in the words and the text of `grpcurl describe`."""

from google.protobuf.descriptor import ServiceDescriptor

from gatelab.call.elements import Element, members
from gatelab.call.proto_text import ProtoText
from gatelab.call.schema import Schema

_KINDS = {
    "message": "a message",
    "field": "a field",
    "oneof": "a one-of",
    "enum": "an enum",
    "value": "an enum value",
    "service": "a service",
    "method": "a method",
    "extension": "an extension",
}


def methods_of(service: ServiceDescriptor) -> list[str]:
    """The full names of a service's methods, sorted."""
    return sorted(f"{service.full_name}.{method.name}" for method in service.methods)


def described(schema: Schema, name: str) -> str:
    """`NAME is a message:` and its definition. Raises SymbolNotFound."""
    element = schema.element(name)
    shown, kind = _shown(element)
    printer = ProtoText(schema.pool)
    text = printer.extension(shown) if shown.kind == "extension" else printer.of(shown)
    return f"{element.full_name} is {kind}:\n{text}"


def _shown(element: Element) -> tuple[Element, str]:
    """What is printed for an element, and what it is called: messages that a field implies are shown as that field."""
    if element.is_group:
        return element, "an extension" if element.kind == "extension" else "a group field"
    if element.kind == "message" and element.parent is not None:
        for field in members(element.parent):
            if field.kind == "field" and field.proto.type_name == f".{element.full_name}":
                if element.is_map_entry:
                    return field, "the entry type for a map field"
                if field.is_group:
                    return field, "the type of a group field"
    return element, _KINDS[element.kind]
