"""The HTTP/2 library, and the whole of it that the rest of the package uses.

`ngh2` binds libnghttp2 and is young: every import of it is here, so a replacement has to supply these names only.
Connections do not send WINDOW_UPDATE by themselves, unless they are made so; the sessions acknowledge what they have
taken, which is what gives back-pressure.
"""

from dataclasses import replace
from typing import Final

from ngh2 import (
    Configuration,
    Connection,
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    NGH2Error,
    RequestReceived,
    ResponseReceived,
    Role,
    Setting,
    SettingsReceived,
    StreamClosed,
    StreamReset,
    TrailersReceived,
)

__all__ = [
    "CANCEL",
    "INTERNAL_ERROR",
    "NO_ERROR",
    "REFUSED_STREAM",
    "Connection",
    "ConnectionClosed",
    "DataReceived",
    "GoAwayReceived",
    "HeaderBlock",
    "NGH2Error",
    "RequestReceived",
    "ResponseReceived",
    "SettingsReceived",
    "StreamClosed",
    "StreamReset",
    "TrailersReceived",
    "client_connection",
    "error_name",
    "field",
    "server_connection",
]

HeaderBlock = tuple[tuple[bytes, bytes], ...]

NO_ERROR: Final = 0x0
INTERNAL_ERROR: Final = 0x2
REFUSED_STREAM: Final = 0x7
CANCEL: Final = 0x8

_ERROR_NAMES: Final = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)

_STREAM_WINDOW: Final = 1 << 20
_CONNECTION_WINDOW: Final = 1 << 23
_CONFIGURATION: Final = Configuration(
    auto_window_update=False,
    # A load generator that cancels late calls, or a proxy that times them out, resets streams in bursts.
    stream_reset_rate_limit=(100_000, 10_000),
)


_TAKING_ALL: Final = replace(_CONFIGURATION, auto_window_update=True)


def client_connection(*, takes_all: bool = False) -> Connection:
    """A client's side of a connection, with its preface and SETTINGS queued.

    With `takes_all` it gives the window of what arrives back by itself.
    """
    connection = Connection(Role.CLIENT, _TAKING_ALL if takes_all else _CONFIGURATION)
    connection.initiate_connection({Setting.ENABLE_PUSH: 0, Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW})
    connection.set_local_window_size(_CONNECTION_WINDOW)
    return connection


def server_connection(max_concurrent_streams: int = 10_000) -> Connection:
    """A server's side of a connection, with its SETTINGS queued."""
    connection = Connection(Role.SERVER, _CONFIGURATION)
    connection.initiate_connection(
        {Setting.MAX_CONCURRENT_STREAMS: max_concurrent_streams, Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}
    )
    connection.set_local_window_size(_CONNECTION_WINDOW)
    return connection


def error_name(code: int) -> str:
    """Of an error code (RFC 9113, section 7)."""
    return _ERROR_NAMES[code] if code < len(_ERROR_NAMES) else f"unknown error code {code:#x}"


def field(block: HeaderBlock, name: bytes) -> bytes | None:
    """The first value of a header field."""
    for key, value in block:
        if key == name:
            return value
    return None
