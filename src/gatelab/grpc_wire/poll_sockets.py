"""TCP servers on a `PollLoop`: listeners, connections, and a graceful end. What is spoken is the sessions' business."""

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from gatelab.grpc_wire.poll_loop import READ, WRITE, PollLoop

if TYPE_CHECKING:
    import ssl

# More than a TLS record, so that nothing decrypted stays behind where the poller cannot see it.
_CHUNK: Final = 1 << 18
# A goodbye and the requests that crossed it pass each other within this.
_CROSSING_NS: Final = 100_000_000
_LINGER_NS: Final = 5_000_000_000
# What a connection gets to carry the last words of a server that waits no longer.
_LAST_WORDS_NS: Final = 500_000_000


class Session(Protocol):
    """A protocol without IO: bytes in, bytes out."""

    @property
    def over(self) -> bool:
        """The connection is to be closed when `pending` has been written."""
        ...

    def receive(self, data: bytes) -> None: ...
    def pending(self) -> bytes:
        """Takes the bytes to write."""
        ...

    def announce_drain(self) -> None:
        """Says goodbye, and still takes what is on its way."""
        ...

    def drain(self) -> None:
        """Takes nothing new; is over once what it has taken is answered."""
        ...

    def lost(self) -> None:
        """The connection is gone."""
        ...


@runtime_checkable
class EndsCalls(Protocol):
    """A session whose protocol has words for a call that will not be answered any more."""

    def end_calls(self) -> None:
        """Says these words on every call that is under way."""
        ...


Begin = Callable[["Connection"], Session]
"""Makes the session of a new connection; of a TLS one before its handshake."""


class PollSockets:
    """Listens, serves, drains.

    `drain` closes the listeners, says goodbye on every connection, lets what is in flight end and then stops the loop.
    What has not ended after `at_most_s` seconds is told so, where the protocol can, and the loop stops half a second
    later in any case.
    """

    def __init__(self, loop: PollLoop) -> None:
        self.loop = loop
        self._listeners: list[socket.socket] = []
        self._connections: set[Connection] = set()
        self._draining = False

    def serve(self, host: str, port: int, begin: Begin, tls: "ssl.SSLContext | None" = None) -> int:
        """Binds and listens; returns the port. May be called for several ports.

        Raises:
            OSError: the address cannot be had.
        """
        listener = bound_socket(host, port, socket.SOCK_STREAM)
        listener.listen(1024)
        self._listeners.append(listener)
        self.loop.watch(listener.fileno(), READ, lambda _events: self._accept(listener, begin, tls))
        return int(listener.getsockname()[1])

    def drain(self, at_most_s: float) -> None:
        if self._draining:
            return
        self._draining = True
        for listener in self._listeners:
            self.loop.forget(listener.fileno())
            listener.close()
        for connection in self._connections:
            connection.session.announce_drain()
            connection.touch()
        now_ns = time.monotonic_ns()
        self.loop.call_at(now_ns + _CROSSING_NS, self._end)
        self.loop.call_at(now_ns + int(at_most_s * 1e9), self._give_up)

    def discard(self, connection: "Connection") -> None:
        self._connections.discard(connection)
        if self._draining and not self._connections:
            self.loop.stop()

    def _end(self) -> None:
        for connection in self._connections:
            connection.session.drain()
            connection.touch()
        if not self._connections:
            self.loop.stop()

    def _give_up(self) -> None:
        for connection in self._connections:
            if isinstance(connection.session, EndsCalls):
                connection.session.end_calls()
                connection.touch()
        self.loop.call_at(time.monotonic_ns() + _LAST_WORDS_NS, self.loop.stop)

    def _accept(self, listener: socket.socket, begin: Begin, tls: "ssl.SSLContext | None") -> None:
        try:
            raw, _ = listener.accept()
        except OSError:  # gone again, or out of descriptors: the next one may fit
            return
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            try:
                raw = tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
            except OSError:  # reset before we looked
                raw.close()
                return
        self._connections.add(Connection(self, raw, begin))


class Connection:
    """One socket. TLS needs nothing more than another class of socket: its handshake runs inside `recv` and `send`."""

    def __init__(self, server: PollSockets, raw: socket.socket, begin: Begin) -> None:
        self.socket = raw
        """For what a session asks of it: the facts of TLS. It is not to be read or written."""
        self.loop = server.loop
        self._server = server
        self._fd = raw.fileno()
        self._unsent = b""
        self._dirty = False
        self._closing = False
        self._events = READ
        self.session = begin(self)
        self.loop.watch(self._fd, READ, self._ready)
        self.touch()

    @property
    def peer(self) -> tuple[str, int] | None:
        """The client's address and port; None when it has gone, though what it sent may still be read."""
        try:
            host, port = self.socket.getpeername()[:2]
        except OSError:
            return None
        return host, port

    def touch(self) -> None:
        """There is something to write, or the session is over."""
        if not self._dirty:
            self._dirty = True
            self.loop.at_end_of_turn(self._flush)

    def abort(self) -> None:
        """Resets the connection (TCP RST); nothing that waits is sent."""
        if self._fd >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self._close()

    def _ready(self, events: int) -> None:
        if events & ~WRITE and not self._receive():
            self._close()
            return
        self.touch()

    def _receive(self) -> bool:
        """Takes what there is; False when the connection is gone."""
        try:
            data = self.socket.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError as error:
            return _wanted(error) != 0
        if data and not self._closing:
            self.session.receive(data)
        return bool(data)

    def _flush(self) -> None:
        self._dirty = False
        if self._closing:
            return
        data = self._unsent or self.session.pending()
        while data:
            sent, wanted = 0, READ | WRITE
            try:
                sent = self.socket.send(data)
            except BlockingIOError:
                pass
            except OSError as error:
                wanted = _wanted(error)
                if not wanted:
                    self._close()
                    return
            if sent < len(data):
                self._unsent = data[sent:]
                self._watch(wanted)
                return
            self._unsent = b""
            data = self.session.pending()
        self._watch(READ)
        if self.session.over:
            self._half_close()

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self.loop.change(self._fd, events)

    def _half_close(self) -> None:
        """Closing with unread bytes would reset the connection and lose our last answers: the client closes first."""
        self._closing = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # the client was faster
            self._close()
            return
        self.loop.call_at(time.monotonic_ns() + _LINGER_NS, self._close)

    def _close(self) -> None:
        if self._fd < 0:
            return
        self.loop.forget(self._fd)
        self._fd = -1
        self._closing = True
        self.session.lost()
        self.socket.close()
        self._server.discard(self)


def bound_socket(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket at the address, which does not block.

    Raises:
        OSError: the address cannot be had; `filename` is the address.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:  # of datagrams it would let two share one port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setblocking(False)
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return found


def _wanted(error: OSError) -> int:
    """What TLS waits for, 0 for any other error; without importing ssl for servers that have none.

    A handshake that waits for the client must not be woken by a socket that could be written to: it always could.
    """
    return {"SSLWantReadError": READ, "SSLWantWriteError": READ | WRITE}.get(type(error).__name__, 0)
