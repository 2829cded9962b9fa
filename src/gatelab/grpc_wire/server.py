"""A gRPC server for programs that run asyncio anyway; backends that must start quickly use `poll_server`."""

import asyncio
import ssl
from typing import Final, cast

from gatelab.grpc_wire.server_session import Handlers, ServerSession

_CROSSING_S: Final = 0.1


class Server:
    """Serves handlers on any number of addresses: `listen`, then `drain` or `close`."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self._listeners: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listens; returns the port. `tls` is told to offer `h2`.

        Raises:
            OSError: the address cannot be had.
        """
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: _Connection(self), host, port, ssl=tls)
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])

    async def drain(self, at_most_s: float) -> None:
        """Takes no more connections, says GOAWAY, lets calls in flight end; closes after `at_most_s` in any case."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.session.announce_drain()
            connection.touch()
        await asyncio.sleep(min(_CROSSING_S, at_most_s))
        for connection in list(self._connections):
            connection.session.drain()
            connection.touch()
        try:
            async with asyncio.timeout(at_most_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        await self.close()

    async def close(self) -> None:
        """Ends at once: calls in flight are lost."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.abort()
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()
        await self._idle.wait()

    @property
    def sessions(self) -> tuple[ServerSession, ...]:
        """Of the connections that are open."""
        return tuple(connection.session for connection in self._connections)

    def opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)
        self._idle.clear()

    def closed(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._idle.set()


class _Connection(asyncio.Protocol):
    """The shell around a `ServerSession`: one write a turn, none while the socket is full."""

    def __init__(self, server: Server) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._scheduled = False
        self._paused = False
        self.session = ServerSession(server.handlers, self.touch)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.opened(self)
        self.touch()

    def data_received(self, data: bytes) -> None:
        self._scheduled = True
        self.session.receive(data)
        self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self.session.lost()
        self._server.closed(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._flush()

    def touch(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        self._scheduled = False
        if self._transport is None or self._paused:
            return
        if data := self.session.pending():
            self._transport.write(data)
        if self.session.over:
            self._transport.close()
