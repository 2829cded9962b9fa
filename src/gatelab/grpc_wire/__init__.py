"""gRPC over HTTP/2: clients and servers, with the library of `http2.py` for frames and headers.

In: paths, messages as bytes, metadata. Out: messages as bytes, metadata, a status for every call. Callers encode their
messages: the only protobuf known here is that of health and reflection. No name resolution beyond the socket's, and no
retries: it reports which calls the server never looked at.

The sessions (`client_session`, `server_session`) are without IO; `transport`, `channel`, `server` (asyncio) and
`poll_server` (a loop of our own, on `poll_sockets`, which serve any protocol) are the thin shells. A backend that
starts in milliseconds must not pay for asyncio and ssl, so the names below are loaded when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatelab.grpc_wire.channel import Channel, Reply
    from gatelab.grpc_wire.errors import ConnectError, GrpcWireError
    from gatelab.grpc_wire.server import Server
    from gatelab.grpc_wire.status import StatusCode, display_name
    from gatelab.grpc_wire.stream import Stream

__all__ = ["Channel", "ConnectError", "GrpcWireError", "Reply", "Server", "StatusCode", "Stream", "display_name"]

_HOMES = {
    "Channel": "channel",
    "ConnectError": "errors",
    "GrpcWireError": "errors",
    "Reply": "channel",
    "Server": "server",
    "StatusCode": "status",
    "Stream": "stream",
    "display_name": "status",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
