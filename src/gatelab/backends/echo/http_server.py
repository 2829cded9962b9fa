"""The mode `http`: HTTP/1.1 on one port, h2c on another, and HTTPS on a third if there is a certificate."""

from collections.abc import Callable
from typing import Final

from gatelab.backends.echo.announcement import announce
from gatelab.backends.echo.http1 import Http1Session
from gatelab.backends.echo.http_echo import HttpEcho
from gatelab.backends.echo.settings import Settings
from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.poll_sockets import Connection, PollSockets, Session

_DRAIN_S: Final = 5.0
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_NOT_H2C: Final = "Expected h2c request"


def start(loop: PollLoop, settings: Settings) -> Callable[[], None]:
    """Binds the ports; what it returns ends the server.

    Raises:
        OSError: a port cannot be had, or a file is not what TLS needs.
    """
    server, echo = PollSockets(loop), HttpEcho(settings.pod, settings.plain_port)
    host = settings.host
    announce("http", server.serve(host, settings.plain_port, lambda each: _http1(each, echo)))
    announce("h2c", server.serve(host, settings.h2c_port, lambda each: _Undecided(each, echo, tls=False)))
    if settings.has_tls:
        from gatelab.backends.echo.tls import server_context  # loads ssl

        context = server_context(settings, ("h2", "http/1.1"))
        port = server.serve(host, settings.tls_port, lambda each: _Undecided(each, echo, tls=True), context)
        announce("https", port)
    return lambda: server.drain(_DRAIN_S)


class _Undecided:
    """A connection whose version of HTTP is known from its first bytes: by ALPN, or without TLS by the preface."""

    def __init__(self, connection: Connection, echo: HttpEcho, *, tls: bool) -> None:
        self._connection = connection
        self._echo = echo
        self._tls = tls
        self._first = b""
        self._over = False
        self._session: Session | None = None

    @property
    def over(self) -> bool:
        return self._over if self._session is None else self._session.over

    def receive(self, data: bytes) -> None:
        if self._session is None:
            self._first = data = self._first + data
            if not self._tls and len(data) < len(_PREFACE) and _PREFACE.startswith(data):
                return
            self._session = self._decided()
        self._session.receive(data)

    def pending(self) -> bytes:
        return b"" if self._session is None else self._session.pending()

    def announce_drain(self) -> None:
        if self._session is not None:
            self._session.announce_drain()

    def drain(self) -> None:
        self._over = True
        if self._session is not None:
            self._session.drain()

    def lost(self) -> None:
        if self._session is not None:
            self._session.lost()

    def _decided(self) -> Session:
        if self._tls:
            from gatelab.backends.echo.tls import facts

            agreed = facts(self._connection.socket)
            is_http2 = agreed is not None and agreed.negotiated_protocol == "h2"
        else:
            agreed, is_http2 = None, self._first.startswith(_PREFACE)
        peer = _peer(self._connection)
        if is_http2:
            from gatelab.backends.echo.http2 import Http2Session  # loads the HTTP/2 library

            return Http2Session(self._connection, self._echo, agreed, peer)
        return Http1Session(self._connection, self._echo, agreed, peer, refuse="" if self._tls else _NOT_H2C)


def _http1(connection: Connection, echo: HttpEcho) -> Session:
    return Http1Session(connection, echo, None, _peer(connection))


def _peer(connection: Connection) -> str:
    peer = connection.peer
    if peer is None:
        return "unknown"
    host, port = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
