"""What can go wrong before there is a gRPC status.

CallError
├── SchemaError     a .proto file, descriptor set or symbol that cannot be used; protoc's words verbatim
│   └── SymbolNotFound   nothing of that name
└── DataError       request data that is not the JSON of the method's message
"""


class CallError(Exception):
    """Root of this package's errors. The text is for users."""


class SchemaError(CallError):
    pass


class SymbolNotFound(SchemaError):
    pass


class DataError(CallError):
    pass
