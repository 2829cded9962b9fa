"""Opening a connection: TCP, TLS with ALPN, the server's first words; its failures in the words users search for."""

import asyncio
import ipaddress
import socket
import ssl
import time
from typing import cast

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.errors import ConnectError


class ClientProtocol(asyncio.Protocol):
    """The thin shell around a `ClientSession`: writes once per tick of the loop, and not while the socket is full."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.session = ClientSession()
        self.ready: asyncio.Future[None] = loop.create_future()
        """Done when the server's SETTINGS have arrived, or when they no longer can (`session.over`)."""
        self.leaving: asyncio.Future[None] = loop.create_future()
        """Done when no new call can be made: GOAWAY, or the end."""
        self.gone: asyncio.Future[None] = loop.create_future()
        """Done when the connection is closed."""
        self.arrived_ns = 0
        """When what was read last had arrived (`time.monotonic_ns`): before it was looked at, which takes time too."""
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._scheduled = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses. Both loops set TCP_NODELAY.
        self._transport = cast("asyncio.Transport", transport)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.arrived_ns = time.monotonic_ns()
        session = self.session
        # What the sinks send in answer leaves by the flush below.
        self._scheduled = True
        session.receive(data)
        if session.ready or session.over is not None:
            self._settle()
        self.flush()
        if not session.accepting:
            _done(self.leaving)
        if session.over is not None and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.lost(f"error reading from server: {exc or 'EOF'}")
        self._transport = None
        self._settle()
        _done(self.leaving)
        _done(self.gone)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()

    def touch(self) -> None:
        """Has the session's output written at the end of this tick, together with that of its other calls."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush_scheduled(self) -> None:
        """Writes now what `touch` has asked for."""
        if self._scheduled:
            self.flush()

    def flush(self) -> None:
        """Writes what the session has to say; what a full socket cannot take stays in the session."""
        self._scheduled = False
        if self._transport is not None and not self._paused and (data := self.session.pending()):
            self._transport.write(data)

    def close(self) -> None:
        """Says GOAWAY and closes the socket; waits for nobody."""
        self.session.goodbye()
        self.flush()
        if self._transport is not None:
            self._transport.close()

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._transport

    def _settle(self) -> None:
        _done(self.ready)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def open_connection(
    host: str, port: int, *, tls: ssl.SSLContext | None, server_name: str, timeout_s: float
) -> ClientProtocol:
    """A connection on which the server has spoken HTTP/2.

    `tls` is told to offer `h2`. Waiting for the server's SETTINGS costs one round trip and turns a wrong port into an
    error here, not into a reset of the first call.

    Raises:
        ConnectError: naming the address and the cause.
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if tls is not None:
        tls.set_alpn_protocols(["h2"])
    loop = asyncio.get_running_loop()
    protocol = ClientProtocol(loop)
    try:
        async with asyncio.timeout(timeout_s):
            transport = await _connected(protocol, host, port, tls, server_name)
            _check_alpn(transport, tls, address)
            await protocol.ready
    except TimeoutError:
        protocol.close()
        raise ConnectError(
            f"connect to {address}: context deadline exceeded (no HTTP/2 within {timeout_s:g} s)"
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise ConnectError(f"connect to {address}: {_certificate_text(error, server_name)}") from error
    except ssl.SSLError as error:
        raise ConnectError(f"connect to {address}: {_tls_text(error)}") from error
    except ConnectionRefusedError as error:
        raise ConnectError(f"connect to {address}: connection refused") from error
    except ConnectionResetError as error:
        raise ConnectError(f"connect to {address}: {_reset_text(tls, server_name)}") from error
    except socket.gaierror as error:
        raise ConnectError(f"connect to {address}: no such host: {error.strerror}") from error
    except OSError as error:
        raise ConnectError(f"connect to {address}: {error.strerror or error}") from error
    if protocol.session.over is not None:
        protocol.close()
        hint = "" if tls is not None else " (does the port expect TLS?)"
        raise ConnectError(f"connect to {address}: error reading server preface: {protocol.session.over}{hint}")
    return protocol


async def _connected(
    protocol: ClientProtocol, host: str, port: int, tls: ssl.SSLContext | None, server_name: str
) -> asyncio.BaseTransport:
    """The first of the host's addresses that takes the connection.

    The name is looked up here, for `create_connection` of uvloop leaves its lookup behind when it is cancelled, and the
    answer that comes later is written to stderr as an exception that nobody retrieved.
    """
    loop = asyncio.get_running_loop()
    name = server_name if tls is not None else None
    *others, last = await _addresses(host, port)
    for address in others:
        try:
            transport, _ = await loop.create_connection(lambda: protocol, address, port, ssl=tls, server_hostname=name)
        except ssl.SSLError:
            raise
        except OSError:
            continue
        return transport
    transport, _ = await loop.create_connection(lambda: protocol, last, port, ssl=tls, server_hostname=name)
    return transport


async def _addresses(host: str, port: int) -> list[str]:
    """At least one. Raises gaierror."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in found]
    return [host]


def _check_alpn(transport: asyncio.BaseTransport, tls: ssl.SSLContext | None, address: str) -> None:
    if tls is None:
        return
    selected = transport.get_extra_info("ssl_object").selected_alpn_protocol()
    if selected != "h2":
        transport.close()
        raise ConnectError(
            f"connect to {address}: credentials: cannot check peer: missing selected ALPN property: "
            "the server did not choose h2"
        )


def _certificate_text(error: ssl.SSLCertVerificationError, server_name: str) -> str:
    return (
        f"tls: failed to verify certificate (CERTIFICATE_VERIFY_FAILED) of {server_name}: {error.verify_message}: "
        "pass the CA's certificate, or skip verification"
    )


def _reset_text(tls: ssl.SSLContext | None, server_name: str) -> str:
    if tls is None:
        return "connection reset by peer"
    return (
        f'tls: the server ended the handshake (connection reset by peer): it has no certificate for "{server_name}" '
        "(a Gateway: no listener with that hostname), or it does not speak TLS on this port"
    )


def _tls_text(error: ssl.SSLError) -> str:
    if error.reason == "WRONG_VERSION_NUMBER":
        return (
            "tls: first record does not look like a TLS handshake (WRONG_VERSION_NUMBER): "
            "the server speaks plaintext on this port"
        )
    if error.reason in ("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "SSLV3_ALERT_NO_APPLICATION_PROTOCOL"):
        return "missing selected ALPN property: the server refuses h2 (no application protocol)"
    return f"tls: {error.reason or error}"
