"""Status codes of gRPC, and the status that a call has when the server did not send one."""

from enum import IntEnum


class StatusCode(IntEnum):
    """The codes of the gRPC specification (doc/statuscodes.md)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# As grpc-go and the tools built on it (grpcurl, ghz) print them.
_DISPLAY_NAMES = {
    StatusCode.OK: "OK",
    StatusCode.CANCELLED: "Canceled",
    **{c: "".join(w.capitalize() for w in c.name.split("_")) for c in StatusCode if c > StatusCode.CANCELLED},
}


def display_name(code: int) -> str:
    """`Unavailable` for 14, and `Code(99)` for a number outside the specification, as grpc-go prints them."""
    try:
        return _DISPLAY_NAMES[StatusCode(code)]
    except ValueError:
        return f"Code({code})"


_FROM_HTTP = {
    400: StatusCode.INTERNAL,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.UNIMPLEMENTED,
    429: StatusCode.UNAVAILABLE,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.UNAVAILABLE,
}


def from_http_status(http_status: int) -> StatusCode:
    """The code of a reply that carries no grpc-status (gRPC doc/http-grpc-status-mapping.md)."""
    return _FROM_HTTP.get(http_status, StatusCode.UNKNOWN)


_FROM_RESET = {
    0x7: StatusCode.UNAVAILABLE,  # REFUSED_STREAM: not processed, safe to send again
    0x8: StatusCode.CANCELLED,
    0x5: StatusCode.UNKNOWN,  # STREAM_CLOSED: the specification gives no mapping
    0xB: StatusCode.RESOURCE_EXHAUSTED,  # ENHANCE_YOUR_CALM
    0xC: StatusCode.PERMISSION_DENIED,  # INADEQUATE_SECURITY
    0xD: StatusCode.UNKNOWN,  # HTTP_1_1_REQUIRED: no mapping either
}


def from_reset(error_code: int) -> StatusCode:
    """The code of a stream that ended by RST_STREAM (gRPC doc/PROTOCOL-HTTP2.md, "Errors")."""
    return _FROM_RESET.get(error_code, StatusCode.INTERNAL if error_code <= 0xA else StatusCode.UNKNOWN)
