"""Connections as grpcurl's options want them: with probes, or on a Unix domain socket."""

import asyncio
import math
import socket
import ssl

from gatelab.grpc_wire.channel import Channel, host_of
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.transport import ClientProtocol, open_connection

_MS_PER_S = 1000


async def connect_tcp(
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    authority: str,
    server_name: str | None,
    timeout_s: float,
    keepalive_s: float,
    max_message_bytes: int,
) -> Channel:
    """Connects; a peer that does not answer for `keepalive_s` (0: for ever) is taken for gone. Raises ConnectError."""
    name = server_name or host_of(authority)
    protocol = await open_connection(host, port, tls=tls, server_name=name, timeout_s=timeout_s)
    if keepalive_s and protocol.transport is not None:
        _keep_alive(protocol.transport.get_extra_info("socket"), keepalive_s)
    return _channel(protocol, tls, authority, max_message_bytes)


async def connect_unix(
    path: str,
    *,
    tls: ssl.SSLContext | None,
    authority: str,
    server_name: str | None,
    timeout_s: float,
    max_message_bytes: int,
) -> Channel:
    """Connects to the socket at `path` and waits until the server has spoken HTTP/2 (gRPC doc/naming.md, "unix").

    Raises ConnectError.
    """
    loop = asyncio.get_running_loop()
    protocol = ClientProtocol(loop)
    if tls is not None:
        tls.set_alpn_protocols(["h2"])
    name = (server_name or host_of(authority)) if tls is not None else None
    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_unix_connection(lambda: protocol, path, ssl=tls, server_hostname=name)
            await protocol.ready
    except TimeoutError:
        protocol.close()
        raise ConnectError(f"connect to {path}: context deadline exceeded (no HTTP/2 within {timeout_s:g} s)") from None
    except OSError as error:
        raise ConnectError(f"connect to {path}: {error.strerror or error}") from error
    if protocol.session.over is not None:
        protocol.close()
        raise ConnectError(f"connect to {path}: error reading server preface: {protocol.session.over}")
    return _channel(protocol, tls, authority, max_message_bytes)


def _channel(protocol: ClientProtocol, tls: ssl.SSLContext | None, authority: str, max_message_bytes: int) -> Channel:
    scheme = "https" if tls is not None else "http"
    return Channel(protocol, authority=authority, scheme=scheme, max_message_bytes=max_message_bytes)


def _keep_alive(connection: socket.socket, seconds: float) -> None:
    """Probes of TCP (tcp(7)): they find a machine or a path that is gone, not a server that is stuck."""
    whole = max(1, math.ceil(seconds))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, whole),
        (socket.TCP_KEEPINTVL, whole),
        (socket.TCP_KEEPCNT, 1),
        (socket.TCP_USER_TIMEOUT, whole * 2 * _MS_PER_S),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
