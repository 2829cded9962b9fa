"""What can go wrong before there is a gRPC status.

CallError
├── SchemaError     a .proto file, descriptor set or symbol that cannot be used; protoc's words verbatim
│   ├── SymbolNotFound     nothing of that name
│   └── ReflectionFailed   the server's reflection ended with a status
└── DataError       request data that is not the JSON of the method's message
"""


class CallError(Exception):
    """Root of this package's errors. The text is for users."""


class SchemaError(CallError):
    pass


class SymbolNotFound(SchemaError):
    pass


class ReflectionFailed(SchemaError):
    """Worded as grpc-go words a status."""

    def __init__(self, code_name: str, details: str) -> None:
        super().__init__(f"rpc error: code = {code_name} desc = {details}")
        self.code_name = code_name
        self.details = details


class DataError(CallError):
    pass
