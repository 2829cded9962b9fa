"""Descriptors as the text of a .proto file, as `grpcurl describe` prints them; comments are left out."""

from collections.abc import Iterable

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)

from gatelab.call.schema import Schema, Symbol

_SCALARS = {
    getattr(FieldDescriptor, f"TYPE_{name}"): name.lower()
    for name in (
        *("DOUBLE", "FLOAT", "INT64", "UINT64", "INT32", "FIXED64", "FIXED32", "BOOL", "STRING", "BYTES", "UINT32"),
        *("SFIXED32", "SFIXED64", "SINT32", "SINT64"),
    )
}


def members(service: ServiceDescriptor) -> list[str]:
    """The full names of a service's methods, sorted."""
    return sorted(f"{service.full_name}.{method.name}" for method in service.methods)


def described(schema: Schema, name: str) -> str:
    """`NAME is a message:` and its definition. Raises SchemaError when there is no such symbol."""
    symbol = schema.find(name)
    return f"{symbol.full_name} is {_kind(symbol)}:\n" + "\n".join(_lines(symbol))


def _kind(symbol: Symbol) -> str:
    match symbol:
        case ServiceDescriptor():
            return "a service"
        case MethodDescriptor():
            return "a method"
        case EnumDescriptor():
            return "an enum"
        case _:
            return "a message"


def _lines(symbol: Symbol) -> list[str]:
    match symbol:
        case ServiceDescriptor():
            return _block(f"service {symbol.name}", (_rpc(method) for method in symbol.methods))
        case MethodDescriptor():
            return [_rpc(symbol)]
        case EnumDescriptor():
            return _block(f"enum {symbol.name}", (f"{value.name} = {value.number};" for value in symbol.values))
        case _:
            return _message(symbol)


def _block(head: str, body: Iterable[str]) -> list[str]:
    inside = [f"  {line}" for line in body]
    return [f"{head} {{", *inside, "}"] if inside else [f"{head} {{", "}"]


def _rpc(method: MethodDescriptor) -> str:
    request = f"{'stream ' if method.client_streaming else ''}.{method.input_type.full_name}"
    response = f"{'stream ' if method.server_streaming else ''}.{method.output_type.full_name}"
    return f"rpc {method.name} ( {request} ) returns ( {response} );"


def _message(message: Descriptor) -> list[str]:
    body: list[str] = []
    shown: set[str] = set()
    for field in message.fields:
        group = field.containing_oneof
        if group is None or _is_synthetic(group):
            body.append(_field(field))
        elif group.name not in shown:
            shown.add(group.name)
            body += _block(f"oneof {group.name}", (_field(each) for each in group.fields))
    for nested in message.nested_types:
        if not nested.GetOptions().map_entry:
            body += _message(nested)
    for enum in message.enum_types:
        body += _lines(enum)
    return _block(f"message {message.name}", body)


def _is_synthetic(group: OneofDescriptor) -> bool:
    """Whether the oneof only stands for `optional` (protobuf, "Field Presence")."""
    return len(group.fields) == 1 and group.name == f"_{group.fields[0].name}"


def _field(field: FieldDescriptor) -> str:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        key, value = (entry.fields_by_name[name] for name in ("key", "value"))
        return f"map<{_type(key)}, {_type(value)}> {field.name} = {field.number};"
    optional = field.containing_oneof is not None and _is_synthetic(field.containing_oneof)
    label = "repeated " if field.is_repeated else "optional " if optional else ""
    return f"{label}{_type(field)} {field.name} = {field.number};"


def _type(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return f".{field.message_type.full_name}"
    if field.enum_type is not None:
        return f".{field.enum_type.full_name}"
    return _SCALARS[field.type]
