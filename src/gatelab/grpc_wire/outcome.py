"""How a call ended: one status from the header blocks, the way the stream closed, and the connection's own end."""

from http import HTTPStatus
from typing import Final, NamedTuple

from gatelab.grpc_wire.http2 import NO_ERROR, HeaderBlock, error_name, field
from gatelab.grpc_wire.metadata import percent_decoded
from gatelab.grpc_wire.status import StatusCode, from_http_status, from_reset


class Status(NamedTuple):
    """A gRPC status: `code` is a number, for servers may send numbers that `StatusCode` does not name."""

    code: int
    details: str


OUT_OF_TIME: Final = Status(StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded")
"""Of a call whose deadline has passed.

A server that knows the deadline may be quicker, and end it with a reset or what a proxy makes of that: without a status
of the server's own it is this one still, as in grpc-go.
"""


class Closed(NamedTuple):
    """The end of a stream.

    `unprocessed` says that the server promised not to have looked at it (GOAWAY, REFUSED_STREAM), or that it never
    left: sending it again cannot do anything twice. `lost` is the text of a broken connection.
    """

    error_code: int = NO_ERROR
    unprocessed: bool = False
    lost: str | None = None


def status_of(headers: HeaderBlock, trailers: HeaderBlock, closed: Closed) -> Status:
    """The status of a call that is over.

    The server's own grpc-status wins, also in a reply of trailers only; then comes what HTTP says
    (doc/http-grpc-status-mapping.md); then the reset (doc/PROTOCOL-HTTP2.md, "Errors").
    """
    for block in (trailers, headers):
        code = field(block, b"grpc-status")
        if code is not None:
            return _sent_status(code, field(block, b"grpc-message"))
    if closed.lost is not None:
        return Status(StatusCode.UNAVAILABLE, closed.lost)
    if headers and (status := http_failure(headers)) is not None:
        return status
    if closed.error_code != NO_ERROR:
        return Status(
            from_reset(closed.error_code),
            f"stream terminated by RST_STREAM with error code: {error_name(closed.error_code)}",
        )
    return Status(StatusCode.UNKNOWN, "server closed the stream without sending trailers")


def _sent_status(code: bytes, message: bytes | None) -> Status:
    if not code.isdigit():
        return Status(StatusCode.UNKNOWN, f"malformed grpc-status {code!r}")
    return Status(int(code), "" if message is None else percent_decoded(message))


def http_failure(headers: HeaderBlock) -> Status | None:
    """What response headers say that are not those of gRPC; None for those that are."""
    raw = field(headers, b":status") or b""
    number = int(raw) if raw.isdigit() else 0
    if number != HTTPStatus.OK:
        phrase = HTTPStatus(number).phrase if number in set(HTTPStatus) else "?"
        details = f"unexpected HTTP status code received from server: {number} ({phrase})"
        return Status(from_http_status(number), details)
    content_type = (field(headers, b"content-type") or b"").decode("latin-1")
    if not content_type.startswith("application/grpc"):
        return Status(
            StatusCode.UNKNOWN, f'unexpected content-type "{content_type}": the server does not speak gRPC here'
        )
    return None
