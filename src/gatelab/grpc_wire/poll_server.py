"""A gRPC server on a `PollLoop`: the shell of `ServerSession` that backends use."""

import socket
import time
from typing import TYPE_CHECKING, Final

from gatelab.grpc_wire.poll_loop import READ, WRITE, PollLoop
from gatelab.grpc_wire.server_session import Handlers, ServerSession

if TYPE_CHECKING:
    import ssl

# More than a TLS record, so that nothing decrypted stays behind where the poller cannot see it.
_CHUNK: Final = 1 << 18
# A GOAWAY and the requests that crossed it pass each other within this.
_CROSSING_NS: Final = 100_000_000
_LINGER_NS: Final = 5_000_000_000


class PollServer:
    """Listens, serves, drains.

    `drain` closes the listener, says goodbye on every connection, lets calls in flight end and then stops the loop,
    after `at_most_s` seconds in any case.
    """

    def __init__(self, loop: PollLoop, handlers: Handlers, tls: "ssl.SSLContext | None" = None) -> None:
        self.loop = loop
        self.handlers = handlers
        self.tls = tls
        self._listener: socket.socket | None = None
        self._connections: set[_Connection] = set()
        self._draining = False

    def listen(self, host: str, port: int) -> int:
        """Binds and listens; returns the port.

        Raises:
            OSError: the address cannot be had.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind((host, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        self._listener = listener
        self.loop.watch(listener.fileno(), READ, self._accept)
        return int(listener.getsockname()[1])

    def drain(self, at_most_s: float) -> None:
        if self._draining:
            return
        self._draining = True
        if self._listener is not None:
            self.loop.forget(self._listener.fileno())
            self._listener.close()
        for connection in self._connections:
            connection.session.announce_drain()
            connection.touch()
        now_ns = time.monotonic_ns()
        self.loop.call_at(now_ns + _CROSSING_NS, self._end)
        self.loop.call_at(now_ns + int(at_most_s * 1e9), self.loop.stop)

    def discard(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        if self._draining and not self._connections:
            self.loop.stop()

    def _end(self) -> None:
        for connection in self._connections:
            connection.session.drain()
            connection.touch()
        if not self._connections:
            self.loop.stop()

    def _accept(self, _events: int) -> None:
        assert self._listener is not None
        try:
            raw, _ = self._listener.accept()
        except OSError:  # gone again, or out of descriptors: the next one may fit
            return
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            raw = self.tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self._connections.add(_Connection(self, raw))


class _Connection:
    """One socket. TLS needs nothing more than another class of socket: its handshake runs inside `recv`."""

    def __init__(self, server: PollServer, raw: socket.socket) -> None:
        self.session = ServerSession(server.handlers, self.touch)
        self._server = server
        self._socket = raw
        self._fd = raw.fileno()
        self._unsent = b""
        self._dirty = False
        self._closing = False
        self._events = READ
        server.loop.watch(self._fd, READ, self._ready)
        self.touch()

    def touch(self) -> None:
        if not self._dirty:
            self._dirty = True
            self._server.loop.at_end_of_turn(self._flush)

    def _ready(self, events: int) -> None:
        if events & ~WRITE and not self._receive():
            self._close()
            return
        self.touch()

    def _receive(self) -> bool:
        """Takes what there is; False when the connection is gone."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError as error:
            return _wants_more(error)
        if data and not self._closing:
            self.session.receive(data)
        return bool(data)

    def _flush(self) -> None:
        self._dirty = False
        if self._closing:
            return
        data = self._unsent or self.session.pending()
        while data:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                if not _wants_more(error):
                    self._close()
                    return
                sent = 0
            if sent < len(data):
                self._unsent = data[sent:]
                self._watch(READ | WRITE)
                return
            self._unsent = b""
            data = self.session.pending()
        self._watch(READ)
        if self.session.over:
            self._half_close()

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._server.loop.change(self._fd, events)

    def _half_close(self) -> None:
        """Closing with unread bytes would reset the connection and lose our last answers: the client closes first."""
        self._closing = True
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the client was faster
            self._close()
            return
        self._server.loop.call_at(time.monotonic_ns() + _LINGER_NS, self._close)

    def _close(self) -> None:
        if self._fd < 0:
            return
        self._server.loop.forget(self._fd)
        self._fd = -1
        self._closing = True
        self.session.lost()
        self._socket.close()
        self._server.discard(self)


def _wants_more(error: OSError) -> bool:
    """SSLWantReadError and SSLWantWriteError, without importing ssl for servers that have none."""
    return type(error).__name__ in ("SSLWantReadError", "SSLWantWriteError")
