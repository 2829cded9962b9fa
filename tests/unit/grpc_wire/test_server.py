"""Our servers, on asyncio and on the poll loop's session, called by grpcio's client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest

from gatelab.grpc_wire import Channel, StatusCode
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.metadata import encoded_metadata
from gatelab.grpc_wire.server import Server
from gatelab.grpc_wire.server_session import ServerCall, answer_block, unary

HOST = "127.27.0.5"


class Chat:
    """Answers every message in capitals; sends trailers at the end."""

    def __init__(self, call: ServerCall) -> None:
        self.call = call

    def on_message(self, message: bytes) -> None:
        self.call.send(message.upper())

    def on_end(self) -> None:
        self.call.finish(trailers=encoded_metadata([("x-end-bin", b"\x00\xff")]))

    def on_cancel(self) -> None:
        cancelled.append(self.call.path)


cancelled: list[bytes] = []


def echo(call: ServerCall, message: bytes) -> None:
    metadata = encoded_metadata([(k, v) for k, v in call.metadata if k.startswith("x-")])
    call.reply(framed(message), answer_block(metadata))


HANDLERS = {
    b"/t.T/Echo": unary(echo),
    b"/t.T/Chat": Chat,
    b"/t.T/Fail": unary(lambda call, _m: call.finish(StatusCode.ABORTED, "100 % – no", ((b"x-why", b"because"),))),
    b"/t.T/Left": unary(lambda call, _m: call.reply(framed(str(call.timeout_s).encode()), answer_block())),
    b"/t.T/Never": unary(lambda _call, _m: None),
}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    cancelled.clear()
    server = Server(HANDLERS)
    yield server
    await server.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[grpc.aio.Channel]:
    port = await server.listen(HOST, 0)
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(f"{HOST}:{port}", options=options) as channel:
        yield channel


async def test_unary_with_metadata(client: Any) -> None:
    call = client.unary_unary("/t.T/Echo")(b"hello", metadata=(("x-a", "b"), ("x-raw-bin", b"\x00\x01")), timeout=30)
    assert await call == b"hello"
    assert dict(await call.initial_metadata()) == {"x-a": "b", "x-raw-bin": b"\x00\x01"}


async def test_large_messages_both_ways(client: Any) -> None:
    large = bytes(range(256)) * (15 << 10)
    assert await client.unary_unary("/t.T/Echo")(large, timeout=20) == large


async def test_a_request_over_the_limit(client: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.unary_unary("/t.T/Echo")(bytes(5 << 20), timeout=20)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_errors_with_words_and_trailers(client: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.unary_unary("/t.T/Fail")(b"", timeout=30)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.ABORTED, "100 % – no")
    assert dict(caught.value.trailing_metadata()) == {"x-why": "because"}


async def test_the_deadline_is_told(client: Any) -> None:
    assert 8 < float(await client.unary_unary("/t.T/Left")(b"", timeout=9)) <= 9.1


async def test_bidirectional_streaming(client: Any) -> None:
    call = client.stream_stream("/t.T/Chat")(iter([b"a", b"b"]), timeout=30)
    assert [message async for message in call] == [b"A", b"B"]
    assert dict(await call.trailing_metadata()) == {"x-end-bin": b"\x00\xff"}


async def test_compressed_requests_are_read(client: Any) -> None:
    call = client.unary_unary("/t.T/Echo")(b"z" * 1000, compression=grpc.Compression.Gzip, timeout=30)
    assert await call == b"z" * 1000


async def test_cancelling_reaches_the_handler(client: Any, server: Server) -> None:
    call = client.stream_stream("/t.T/Chat")(timeout=30)
    await call.write(b"x")
    assert await call.read() == b"X"
    call.cancel()
    await client.unary_unary("/t.T/Echo")(b"after", timeout=30)
    assert cancelled == [b"/t.T/Chat"]


async def test_drain_lets_calls_end_and_refuses_new_ones(server: Server) -> None:
    port = await server.listen(HOST, 0)
    channel = await Channel.connect(HOST, port, tls=None, authority="t", timeout_s=30)
    async with channel.call("/t.T/Chat", _until(event := asyncio.Event()), timeout_s=30) as stream:
        assert await anext(stream) == b"FIRST"
        async with asyncio.TaskGroup() as group:
            group.create_task(server.drain(5))
            while not channel.closed:
                await channel.unary("/t.T/Echo", b"", timeout_s=30)
            event.set()
            assert [message async for message in stream] == [b"LAST"]
    assert stream.status == (StatusCode.OK, "")
    await channel.close()


async def _until(event: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"first"
    await event.wait()
    yield b"last"


async def test_drain_has_a_limit(server: Server) -> None:
    port = await server.listen(HOST, 0)
    channel = await Channel.connect(HOST, port, tls=None, authority="t", timeout_s=30)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(channel.unary("/t.T/Never", b"", timeout_s=30))
        await channel.unary("/t.T/Echo", b"", timeout_s=30)
        group.create_task(server.drain(0.1))
    assert call.result().code == StatusCode.UNAVAILABLE
    await channel.close()


async def test_rubbish_closes_only_its_own_connection(server: Server, client: Any) -> None:
    port = await server.listen(HOST, 0)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert await client.unary_unary("/t.T/Echo")(b"fine", timeout=30) == b"fine"
