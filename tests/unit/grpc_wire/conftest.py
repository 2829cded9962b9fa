"""A real grpcio server to call, with generic handlers: no generated code."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest


async def _echo(request: bytes, context: Any) -> bytes:
    metadata = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-")]
    await context.send_initial_metadata([("x-pod-name", "pod-1"), *metadata])
    context.set_trailing_metadata([("x-end-bin", b"\x00\xff"), ("x-left", f"{context.time_remaining() or 0:.3f}")])
    return request


async def _fail(request: bytes, context: Any) -> bytes:
    await context.abort(
        grpc.StatusCode.NOT_FOUND, "no such thing: 100 % – gone", (("grpc-status-details-bin", b"\x08\x05"),)
    )
    return b""


async def _slow(request: bytes, context: Any) -> bytes:
    await asyncio.Event().wait()
    return b""


async def _count(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


async def _sum(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b"%d" % sum([len(r) async for r in requests])


async def _chat(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request.upper()


class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Paths /t.T/Echo, Fail, Slow, Count, Sum, Chat; anything else is UNIMPLEMENTED."""

    def service(self, details: Any) -> Any:
        return {
            "/t.T/Echo": grpc.unary_unary_rpc_method_handler(_echo),
            "/t.T/Fail": grpc.unary_unary_rpc_method_handler(_fail),
            "/t.T/Slow": grpc.unary_unary_rpc_method_handler(_slow),
            "/t.T/Count": grpc.unary_stream_rpc_method_handler(_count),
            "/t.T/Sum": grpc.stream_unary_rpc_method_handler(_sum),
            "/t.T/Chat": grpc.stream_stream_rpc_method_handler(_chat),
        }.get(details.method)


@pytest.fixture
async def grpcio_port() -> AsyncIterator[int]:
    server = grpc.aio.server(options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.27.0.1:0")
    await server.start()
    yield port
    await server.stop(None)
