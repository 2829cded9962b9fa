"""Servers that speak HTTP/2 and do with a call what no good server does; each counts the calls that it has seen.

Frames are written by hand: a library would not let one make them wrong (RFC 9113, section 6; RFC 7541 for the headers,
which are literals without an index).
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
_PREFACE_LENGTH = 24


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def header_block(*fields: tuple[str, str]) -> bytes:
    def text(value: str) -> bytes:
        return bytes((len(value),)) + value.encode()

    return b"".join(b"\x00" + text(name) + text(value) for name, value in fields)


GRPC = ((":status", "200"), ("content-type", "application/grpc"))


def headers(stream: int, *fields: tuple[str, str], end: bool = False) -> bytes:
    flags = END_HEADERS | (END_STREAM if end else 0)
    return frame(HEADERS, header_block(*fields), flags=flags, stream=stream)


def data(stream: int, payload: bytes, *, end: bool = False) -> bytes:
    return frame(DATA, payload, flags=END_STREAM if end else 0, stream=stream)


def message(payload: bytes, *, compressed: bool = False) -> bytes:
    return bytes((compressed,)) + len(payload).to_bytes(4) + payload


def reset(stream: int, code: int) -> bytes:
    return frame(RST_STREAM, code.to_bytes(4), stream=stream)


def goaway(last_stream: int, code: int, words: bytes = b"") -> bytes:
    return frame(GOAWAY, last_stream.to_bytes(4) + code.to_bytes(4) + words)


class Visit:
    """One connection, as a server's behaviour sees it."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection = connection
        self._over = over

    def say(self, *frames: bytes) -> None:
        self.connection.sendall(b"".join(frames))

    def hang_up(self) -> None:
        """Closes with a reset of TCP."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def stay(self) -> None:
        """Neither reads nor writes until the test is over."""
        self._over.wait(60)


Behaviour = Callable[[Visit, int], None]
"""What is done with a call: the connection, the number of the stream."""


class StrangeServer:
    """`calls` have been seen, on so many `connections`."""

    def __init__(self, on_call: Behaviour, *, at_first: Callable[[Visit], None] | None = None) -> None:
        self.calls = 0
        self.connections = 0
        self.address = ""
        self._on_call = on_call
        self._at_first = at_first or (lambda visit: visit.say(frame(SETTINGS)))
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    @contextmanager
    def listening(self, host: str) -> Iterator["StrangeServer"]:
        with socket.create_server((host, 0)) as listener:
            self.address = f"{host}:{listener.getsockname()[1]}"
            thread = threading.Thread(target=self._accept, args=[listener], daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                listener.shutdown(socket.SHUT_RDWR)
                for each in self._open:
                    each.close()
                thread.join(5)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), connection:
            visit = Visit(connection, self._over)
            self._at_first(visit)
            _exactly(connection, _PREFACE_LENGTH)
            while True:
                head = _exactly(connection, 9)
                _exactly(connection, int.from_bytes(head[:3]))
                if head[3] == HEADERS:
                    with self._lock:
                        self.calls += 1
                    self._on_call(visit, int.from_bytes(head[5:]))


def _exactly(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = connection.recv(length - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found
