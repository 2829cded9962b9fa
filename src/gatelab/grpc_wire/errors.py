"""What can go wrong below a gRPC status."""

from gatelab.grpc_wire.status import StatusCode


class GrpcWireError(Exception):
    """Root of this package's errors."""


class ConnectError(GrpcWireError):
    """No usable HTTP/2 connection: refused, timed out, TLS failed, no ALPN, or not HTTP/2. The text is for users."""


class MessageError(GrpcWireError):
    """Bytes that are not a gRPC message, or are more than allowed: ends the call with `code`."""

    def __init__(self, code: StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
