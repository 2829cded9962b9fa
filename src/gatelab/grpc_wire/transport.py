"""Opening a connection: TCP, TLS with ALPN, the server's first words; its failures in the words users search for."""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection
from typing import Final, Literal, cast

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.errors import ConnectError

Alpn = Literal["strict", "lenient"]
"""Whether a server with TLS has to choose h2: grpc-go demands it from 1.67 on, and so does grpcio."""
ALPN_NOTE: Final = (
    "the server did not choose h2 by ALPN: clients that look at it (grpc-go 1.67 and later, hence k6, and grpcio) do "
    "not connect, grpcurl 1.9.3 and ghz 0.121 do"
)

_CLOSE_S: Final = 1.0
_CLOSE_TLS_S: Final = 0.02


class ClientProtocol(asyncio.Protocol):
    """The thin shell around a `ClientSession`: writes once per tick of the loop, and not while the socket is full."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, takes_all: bool = False) -> None:
        self.session = ClientSession(takes_all=takes_all)
        self.ready: asyncio.Future[None] = loop.create_future()
        """Done when the server's SETTINGS have arrived, or when they no longer can (`session.over`)."""
        self.leaving: asyncio.Future[None] = loop.create_future()
        """Done when no new call can be made: GOAWAY, or the end."""
        self.gone: asyncio.Future[None] = loop.create_future()
        """Done when the connection is closed."""
        self.arrived_ns = 0
        """When what was read last had arrived (`time.monotonic_ns`): before it was looked at, which takes time too."""
        self.was_connected = False
        """TCP, and TLS if there is any, came about."""
        self.is_tls = False
        self.lacks_alpn = False
        """TLS came about, and the server did not choose h2."""
        self.scheduled = False
        """What the session has to say will be written at the end of this tick."""
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses. Both loops set TCP_NODELAY.
        self._transport = cast("asyncio.Transport", transport)
        self.was_connected = True
        self.is_tls = transport.get_extra_info("ssl_object") is not None
        if self.session.over is not None:  # given up in the meantime
            self._transport.abort()
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.arrived_ns = time.monotonic_ns()
        session = self.session
        # What the sinks send in answer leaves by the flush below.
        self.scheduled = True
        session.receive(data)
        if session.ready or session.over is not None:
            self._settle()
        self.flush()
        if not session.accepting:
            _done(self.leaving)
        if session.over is not None and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.lost(f"error reading from server: {_reading_text(exc)}")
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
        if not self.scheduled:
            self.scheduled = True
            self._loop.call_soon(self.flush)

    def flush_scheduled(self) -> None:
        """Writes now what `touch` has asked for."""
        if self.scheduled:
            self.flush()

    def flush(self) -> None:
        """Writes what the session has to say; what a full socket cannot take stays in the session."""
        self.scheduled = False
        if self._transport is not None and not self._paused and (data := self.session.pending()):
            self._transport.write(data)

    def close(self) -> None:
        """Says GOAWAY and closes the socket; waits for nobody."""
        self.session.goodbye()
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def give_up(self, reason: str) -> None:
        """Ends the connection without a goodbye, which nobody would hear; calls end as UNAVAILABLE with the reason."""
        self.session.lost(reason)
        self.abort()

    def abort(self) -> None:
        """Closes the socket; without effect when it is closed."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._transport

    def _settle(self) -> None:
        _done(self.ready)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def open_connection(
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    server_name: str,
    timeout_s: float,
    alpn: Alpn = "strict",
    takes_all: bool = False,
) -> ClientProtocol:
    """A connection on which the server has spoken HTTP/2.

    `tls` is told to offer `h2`. Waiting for the server's SETTINGS costs one round trip and turns a wrong port into an
    error here, not into a reset of the first call. With `alpn` lenient a server that does not choose `h2` is spoken to
    all the same (`lacks_alpn`).

    Raises:
        ConnectError: naming the address and the cause.
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if tls is not None:
        tls.set_alpn_protocols(["h2"])
    protocol = ClientProtocol(asyncio.get_running_loop(), takes_all=takes_all)
    try:
        async with asyncio.timeout(timeout_s):
            transport = await _connected(protocol, host, port, tls, server_name)
            protocol.lacks_alpn = tls is not None and not _chose_h2(transport)
            if protocol.lacks_alpn and alpn == "strict":
                raise ConnectError(f"connect to {address}: {_ALPN_TEXT}")
            await protocol.ready
    except TimeoutError:
        await dropped(protocol)
        raise ConnectError(f"connect to {address}: {_timeout_text(protocol, tls, timeout_s)}") from None
    except ConnectError:
        await dropped(protocol)
        raise
    except asyncio.CancelledError:
        protocol.give_up("the connection was given up")
        raise
    except OSError as error:
        raise ConnectError(f"connect to {address}: {_failure_text(error, tls, server_name)}") from error
    if protocol.session.over is not None:
        await dropped(protocol)
        raise ConnectError(f"connect to {address}: {preface_text(protocol.session.over, tls)}")
    return protocol


async def dropped(protocol: ClientProtocol) -> None:
    """Closes a connection that is of no use, and waits a moment until its socket is gone."""
    was_connected = protocol.was_connected
    protocol.give_up("the connection was given up")
    if was_connected:
        await asyncio.wait([protocol.gone], timeout=_CLOSE_S)


async def closed(protocols: Collection[ClientProtocol]) -> None:
    """Says goodbye on all, and waits a moment until their sockets are gone.

    With TLS there is no waiting for the peer's close_notify: it need not send one (RFC 8446, section 6.1), and servers
    of grpcio and grpc-go do not.
    """
    for protocol in protocols:
        protocol.close()
    try:
        for some, longest_s in (([p for p in protocols if p.is_tls], _CLOSE_TLS_S), (protocols, _CLOSE_S)):
            if some:
                await asyncio.wait([p.gone for p in some], timeout=longest_s)
            for protocol in some:
                protocol.abort()
    finally:  # also when whoever closes is cancelled
        for protocol in protocols:
            protocol.abort()
    if protocols:
        await asyncio.wait([p.gone for p in protocols], timeout=_CLOSE_S)


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


_ALPN_TEXT: Final = f"credentials: cannot check peer: missing selected ALPN property: {ALPN_NOTE}"


def _chose_h2(transport: asyncio.BaseTransport) -> bool:
    return bool(transport.get_extra_info("ssl_object").selected_alpn_protocol() == "h2")


def _reading_text(error: Exception | None) -> str:
    """As the system's library words it in other languages: in small letters."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error or "EOF")


def preface_text(over: str, tls: ssl.SSLContext | None) -> str:
    """Why the server's first words were none of HTTP/2."""
    hint = ""
    if tls is None and over.startswith("error reading from server"):
        hint = " (does the port expect TLS?)"
    elif over.endswith("SETTINGS expected"):
        hint = ": the server does not speak HTTP/2 on this port"
    return f"error reading server preface: {over}{hint}"


def _timeout_text(protocol: ClientProtocol, tls: ssl.SSLContext | None, timeout_s: float) -> str:
    if protocol.was_connected:
        return f"context deadline exceeded (no HTTP/2 within {timeout_s:g} s)"
    if tls is not None:
        return f"context deadline exceeded (no TLS within {timeout_s:g} s: nothing answers there, or not in TLS)"
    return (
        f"context deadline exceeded (no TCP connection within {timeout_s:g} s: nothing answers at that address, "
        "or a firewall drops what is sent)"
    )


def _failure_text(error: OSError, tls: ssl.SSLContext | None, server_name: str) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate_text(error, server_name)
        case ssl.SSLError():
            return _tls_text(error)
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError():
            return _reset_text(tls, server_name)
        case socket.gaierror():
            return f"no such host: {error.strerror}"
    return error.strerror or str(error)


_CERTIFICATE_FIXES = {
    9: "set the clock or renew the certificate",
    10: "renew the certificate",
    62: "verify a name that the certificate has",
    64: "verify a name that the certificate has",
}
"""By OpenSSL's X509_V_ERR_*: not yet valid, expired, hostname and IP address mismatch. No CA helps there."""


def _certificate_text(error: ssl.SSLCertVerificationError, server_name: str) -> str:
    fix = _CERTIFICATE_FIXES.get(error.verify_code, "pass the CA's certificate")
    reason = error.verify_message.rstrip(".")
    return (
        f"tls: failed to verify certificate (CERTIFICATE_VERIFY_FAILED) of {server_name}: {reason}: "
        f"{fix}, or skip verification"
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
