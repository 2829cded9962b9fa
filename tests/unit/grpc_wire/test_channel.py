"""Our client against grpcio's server."""

from collections.abc import AsyncIterator

import pytest

from gatelab.grpc_wire import Channel, StatusCode
from gatelab.grpc_wire.metadata import request_block


@pytest.fixture
async def channel(grpcio_port: int) -> AsyncIterator[Channel]:
    channel = await Channel.connect("127.27.0.1", grpcio_port, tls=None, authority="t.test", timeout_s=30)
    yield channel
    await channel.close()


async def test_unary_with_metadata_both_ways(channel: Channel) -> None:
    reply = await channel.unary(
        "/t.T/Echo", b"hello", metadata=[("x-a", "b"), ("x-raw-bin", b"\x00\x01\xfe")], timeout_s=5
    )
    assert (reply.code, reply.message, reply.details) == (StatusCode.OK, b"hello", "")
    assert ("x-pod-name", "pod-1") in reply.headers
    assert ("x-a", "b") in reply.headers
    assert ("x-raw-bin", b"\x00\x01\xfe") in reply.headers
    assert ("x-end-bin", b"\x00\xff") in reply.trailers


def test_there_is_one_user_agent() -> None:
    block = request_block(
        path="/a/B", authority="a", scheme="http", metadata=((b"x-a", b"1"), (b"user-agent", b"me/2"))
    )
    assert [value for name, value in block if name == b"user-agent"] == [b"me/2 grpc-gatelab/1"]
    assert block[-1] == (b"x-a", b"1")


async def test_the_timeout_reaches_the_server(channel: Channel) -> None:
    reply = await channel.unary("/t.T/Echo", b"", timeout_s=7.5)
    assert 6 < float(dict(reply.trailers)["x-left"]) <= 7.5


async def test_an_error_keeps_its_words_and_details(channel: Channel) -> None:
    reply = await channel.unary("/t.T/Fail", b"", timeout_s=30)
    assert (reply.code, reply.details) == (StatusCode.NOT_FOUND, "no such thing: 100 % – gone")
    assert reply.message is None
    assert ("grpc-status-details-bin", b"\x08\x05") in reply.trailers


async def test_an_unknown_method_is_a_trailers_only_reply(channel: Channel) -> None:
    reply = await channel.unary("/t.T/Nothing", b"", timeout_s=30)
    assert reply.code == StatusCode.UNIMPLEMENTED
    assert reply.headers == ()


async def test_a_deadline_ends_the_call_and_not_the_channel(channel: Channel) -> None:
    reply = await channel.unary("/t.T/Slow", b"", timeout_s=0.05)
    assert reply.code == StatusCode.DEADLINE_EXCEEDED
    assert (await channel.unary("/t.T/Echo", b"again", timeout_s=30)).message == b"again"


async def test_messages_larger_than_every_window(channel: Channel) -> None:
    large = bytes(range(256)) * (14 << 10)
    assert (await channel.unary("/t.T/Echo", large, timeout_s=20)).message == large


async def test_a_reply_over_the_limit_is_resource_exhausted(channel: Channel) -> None:
    reply = await channel.unary("/t.T/Echo", bytes(5 << 20), timeout_s=20)
    assert reply.code == StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max (5242880 vs. 4194304)" in reply.details


async def test_server_streaming(channel: Channel) -> None:
    async with channel.call("/t.T/Count", [b"1000"], timeout_s=30) as stream:
        assert [int(m) async for m in stream] == list(range(1000))
    assert stream.status == (StatusCode.OK, "")


async def test_client_streaming_waits_for_the_window(channel: Channel) -> None:
    async with channel.call("/t.T/Sum", (bytes(100_000) for _ in range(100)), timeout_s=20) as stream:
        assert [m async for m in stream] == [b"10000000"]


async def test_bidirectional_streaming(channel: Channel) -> None:
    async def words() -> AsyncIterator[bytes]:
        for word in (b"a", b"b", b"c"):
            yield word

    async with channel.call("/t.T/Chat", words(), timeout_s=30) as stream:
        assert [m async for m in stream] == [b"A", b"B", b"C"]
    assert stream.status == (StatusCode.OK, "")


async def test_what_the_messages_raise_reaches_the_reader(channel: Channel) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise LookupError("no more")

    async with channel.call("/t.T/Chat", broken(), timeout_s=30) as stream:
        with pytest.raises(LookupError):
            _ = [m async for m in stream]


async def test_leaving_a_call_early_cancels_it(channel: Channel) -> None:
    async with channel.call("/t.T/Count", [b"1000000"], timeout_s=30) as stream:
        assert await anext(stream) == b"0"
    assert stream.status is not None
    assert stream.status.code == StatusCode.CANCELLED
    assert (await channel.unary("/t.T/Echo", b"x", timeout_s=30)).message == b"x"


async def test_a_closed_channel_answers_unavailable(channel: Channel) -> None:
    await channel.close()
    reply = await channel.unary("/t.T/Echo", b"x", timeout_s=30)
    assert reply.code == StatusCode.UNAVAILABLE
    assert reply.unprocessed
