"""Keepalive on real sockets, with a peer that answers PINGs and one that does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatelab.grpc_wire import Channel, StatusCode
from gatelab.grpc_wire.keepalive import NO_ANSWER, Keepalive
from gatelab.grpc_wire.transport import ClientProtocol, open_connection

HOST = "127.27.0.4"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
PING = 6
DEADLINE_S = 20


class Peer:
    """Speaks no more of HTTP/2 than SETTINGS and, if it `answers`, the ACK of a PING; counts what it was asked."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.pings = 0
        self.pinged = asyncio.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SETTINGS)
        await reader.readexactly(24)
        try:
            while True:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3]))
                if head[3] == PING:
                    self.pings += 1
                    if self.pings == 2:
                        self.pinged.set()
                    if self.answers:
                        writer.write(head[:4] + b"\x01" + head[5:] + payload)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


@asynccontextmanager
async def connected(peer: Peer) -> AsyncIterator[tuple[ClientProtocol, Channel]]:
    async with await asyncio.start_server(peer.handle, HOST, 0) as server, asyncio.timeout(DEADLINE_S):
        port = server.sockets[0].getsockname()[1]
        protocol = await open_connection(HOST, port, tls=None, server_name="", timeout_s=30)
        Keepalive(protocol, every_s=0.05, timeout_s=1 if peer.answers else 0.05)
        channel = Channel(protocol, authority="t.test", scheme="http", max_message_bytes=100)
        yield protocol, channel
        await channel.close()


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async with connected(Peer(answers=False)) as (_, channel):
        reply = await channel.unary("/t.T/Slow", b"", timeout_s=DEADLINE_S)
        assert (reply.code, reply.details, channel.closed) == (StatusCode.UNAVAILABLE, NO_ANSWER, True)


async def test_a_server_that_answers_may_take_its_time() -> None:
    peer = Peer(answers=True)
    async with connected(peer) as (_, channel), channel.call("/t.T/Slow", [b""], timeout_s=None) as stream:
        await peer.pinged.wait()
        assert (stream.status, channel.closed) == (None, False)


async def test_without_a_call_nobody_is_asked() -> None:
    """A server may take it for abuse (gRPC doc/keepalive.md, "permit without calls")."""
    peer = Peer(answers=False)
    async with connected(peer) as (protocol, channel):
        await asyncio.wait([protocol.gone], timeout=0.3)
        assert (peer.pings, channel.closed) == (0, False)
