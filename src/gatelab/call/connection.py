"""Connections as grpcurl's options want them: with probes, or on a Unix domain socket."""

import asyncio
import ssl
from collections.abc import Callable

from gatelab.grpc_wire.channel import Channel, host_of
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.keepalive import Keepalive
from gatelab.grpc_wire.transport import ALPN_NOTE, Alpn, ClientProtocol, dropped, open_connection, preface_text


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
    alpn: Alpn = "strict",
    on_note: Callable[[str], None] = lambda _note: None,
) -> Channel:
    """Connects; a peer that does not answer for `keepalive_s` (0: for ever) is taken for gone.

    What is to be known of the connection goes to `on_note`. Raises ConnectError.
    """
    name = host_of(server_name or authority)
    protocol = await open_connection(host, port, tls=tls, server_name=name, timeout_s=timeout_s, alpn=alpn)
    if protocol.lacks_alpn:
        on_note(ALPN_NOTE)
    _keep_alive(protocol, keepalive_s)
    return _channel(protocol, tls, authority, max_message_bytes)


async def connect_unix(
    path: str,
    *,
    tls: ssl.SSLContext | None,
    authority: str,
    server_name: str | None,
    timeout_s: float,
    keepalive_s: float,
    max_message_bytes: int,
) -> Channel:
    """Connects to the socket at `path` and waits until the server has spoken HTTP/2 (gRPC doc/naming.md, "unix").

    Raises ConnectError.
    """
    loop = asyncio.get_running_loop()
    protocol = ClientProtocol(loop)
    if tls is not None:
        tls.set_alpn_protocols(["h2"])
    name = host_of(server_name or authority) if tls is not None else None
    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_unix_connection(lambda: protocol, path, ssl=tls, server_hostname=name)
            await protocol.ready
    except TimeoutError:
        await dropped(protocol)
        raise ConnectError(f"connect to {path}: context deadline exceeded (no HTTP/2 within {timeout_s:g} s)") from None
    except asyncio.CancelledError:
        protocol.give_up("the connection was given up")
        raise
    except OSError as error:
        raise ConnectError(f"connect to {path}: {error.strerror or error}") from error
    if protocol.session.over is not None:
        await dropped(protocol)
        raise ConnectError(f"connect to {path}: {preface_text(protocol.session.over, tls)}")
    _keep_alive(protocol, keepalive_s)
    return _channel(protocol, tls, authority, max_message_bytes)


def _channel(protocol: ClientProtocol, tls: ssl.SSLContext | None, authority: str, max_message_bytes: int) -> Channel:
    scheme = "https" if tls is not None else "http"
    return Channel(protocol, authority=authority, scheme=scheme, max_message_bytes=max_message_bytes)


def _keep_alive(protocol: ClientProtocol, seconds: float) -> None:
    """grpcurl waits for the answer as long as it waits with the question."""
    if seconds:
        Keepalive(protocol, every_s=seconds, timeout_s=seconds)
