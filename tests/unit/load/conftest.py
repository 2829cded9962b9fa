"""Servers to put load on, in this process: grpc_wire's session on asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.server_session import Handler, ServerCall, ServerSession, answer_block, unary

HOST = "127.27.0.4"
PATH = "/t.T/Do"


class Pod:
    """A server that answers with its name; `behave` may answer otherwise, later, or not at all."""

    def __init__(self, name: str = "pod-0") -> None:
        self.name = name
        self.behave: Callable[[ServerCall], None] = self.answer
        self.served = 0
        self.sessions: list[ServerSession] = []
        self.transports: list[asyncio.Transport] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    def answer(self, call: ServerCall) -> None:
        self.served += 1
        call.reply(framed(b""), answer_block(((b"x-pod-name", self.name.encode()),)))

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for transport in self.transports:
                transport.abort()
            await self._server.wait_closed()
            self._server = None

    def handlers(self) -> dict[bytes, Handler]:
        return {PATH.encode(): unary(lambda call, _message: self.behave(call))}


class Connection(asyncio.Protocol):
    def __init__(self, pod: Pod) -> None:
        self.session = ServerSession(pod.handlers(), self.flush)
        self.transport: asyncio.Transport | None = None
        pod.sessions.append(self.session)
        self._pod = pod

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._pod.transports.append(self.transport)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.session.receive(data)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.lost()
        self.transport = None

    def flush(self) -> None:
        if self.transport is not None and (data := self.session.pending()):
            self.transport.write(data)


@pytest.fixture
async def pods() -> AsyncIterator[list[Pod]]:
    """Two servers, pod-0 and pod-1."""
    pods = [Pod("pod-0"), Pod("pod-1")]
    for pod in pods:
        await pod.start()
    yield pods
    for pod in pods:
        await pod.stop()


@pytest.fixture
def make_pod() -> type[Pod]:
    """For a loop of one's own."""
    return Pod
