"""The messages of server reflection, as far as they are used (grpc/reflection/v1/reflection.proto, v1alpha alike)."""

from functools import cache

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

_STRING = FieldDescriptorProto.TYPE_STRING
_BYTES = FieldDescriptorProto.TYPE_BYTES
_INT32 = FieldDescriptorProto.TYPE_INT32
_MESSAGE = FieldDescriptorProto.TYPE_MESSAGE
_PACKAGE = "gatelab.reflection"


@cache
def reflection_messages() -> tuple[type[Message], type[Message]]:
    """ServerReflectionRequest and ServerReflectionResponse.

    In a pool of their own: the names in the default pool belong to grpcio-reflection, which others may have loaded.
    """
    pool = DescriptorPool()
    pool.Add(_file())
    request, response = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("Request", "Response")
    )
    return request, response


def _file() -> FileDescriptorProto:
    request = _message(
        "Request",
        ("file_by_filename", 3, _STRING),
        ("file_containing_symbol", 4, _STRING),
        ("file_containing_extension", 5, "ExtensionRequest"),
        ("all_extension_numbers_of_type", 6, _STRING),
        ("list_services", 7, _STRING),
    )
    request.oneof_decl.add(name="message_request")
    for field in request.field:
        field.oneof_index = 0
    return FileDescriptorProto(
        name="reflection.proto",
        package=_PACKAGE,
        syntax="proto3",
        message_type=[
            request,
            _message("ExtensionRequest", ("containing_type", 1, _STRING), ("extension_number", 2, _INT32)),
            _message(
                "Response",
                ("file_descriptor_response", 4, "Files"),
                ("all_extension_numbers_response", 5, "Numbers"),
                ("list_services_response", 6, "Services"),
                ("error_response", 7, "Error"),
            ),
            _message("Files", ("file_descriptor_proto", 1, _BYTES), repeated=True),
            _message("Numbers", ("extension_number", 2, _INT32), repeated=True),
            _message("Services", ("service", 1, "Service"), repeated=True),
            _message("Service", ("name", 1, _STRING)),
            _message("Error", ("error_code", 1, _INT32), ("error_message", 2, _STRING)),
        ],
    )


def _message(
    name: str, *fields: "tuple[str, int, FieldDescriptorProto.Type.ValueType | str]", repeated: bool = False
) -> DescriptorProto:
    message = DescriptorProto(name=name)
    label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    for field_name, number, kind in fields:
        field = message.field.add(name=field_name, number=number, label=label)
        if isinstance(kind, str):
            field.type = _MESSAGE
            field.type_name = f".{_PACKAGE}.{kind}"
        else:
            field.type = kind
    return message
