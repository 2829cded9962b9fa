"""A channel on a Unix domain socket (gRPC doc/naming.md, "unix")."""

import asyncio
import ssl

from gatelab.grpc_wire.channel import Channel, host_of
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.transport import ClientProtocol


async def connect_unix(
    path: str,
    *,
    tls: ssl.SSLContext | None,
    authority: str,
    server_name: str | None,
    timeout_s: float,
    max_message_bytes: int,
) -> Channel:
    """Connects to the socket at `path` and waits until the server has spoken HTTP/2. Raises ConnectError."""
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
    except (ssl.SSLError, OSError) as error:
        raise ConnectError(f"connect to {path}: {getattr(error, 'strerror', None) or error}") from error
    if protocol.session.over is not None:
        protocol.close()
        raise ConnectError(f"connect to {path}: error reading server preface: {protocol.session.over}")
    scheme = "https" if tls is not None else "http"
    return Channel(protocol, authority=authority, scheme=scheme, max_message_bytes=max_message_bytes)
