"""What a real Envoy does with gRPC: deadlines, gRPC-Web, answers of trailers only, large messages, statuses."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.outcome import Closed
from gatelab.proxy.model import Backend, Endpoint, Forward, PathMatch, ProxyConfig, Route, RouteMatch, WeightedBackend
from gatelab.proxy.resources.grpc_web import MOST_TWINS
from http_echo import echo_servers, request, sent
from proxy_configs import ADDRESS, LISTENER, PORT, table
from running_envoy import DEADLINE_S, RunningEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

TARGET = (ADDRESS, PORT)
MIB = 1 << 20
TO_S = Forward((WeightedBackend("s"),))
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Service(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Methods by their name: Timeout, Fail, Size, Upper."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        name = details.method.rpartition("/")[2]

        async def answer(message: bytes, context: grpc.aio.ServicerContext) -> bytes:
            if name == "Timeout":
                return str(context.time_remaining()).encode()
            if name == "Fail":
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not like this")
            if name == "Size":
                return bytes(len(message))
            return message.upper()

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest_asyncio.fixture(loop_scope="session")
async def channel(shared_envoy: RunningEnvoy) -> AsyncIterator[grpc.aio.Channel]:
    """A client of the service `s.S`, behind the proxy."""
    async with _served(shared_envoy), grpc.aio.insecure_channel(f"{ADDRESS}:{PORT}", options=UNLIMITED) as client:
        yield client


def _config(others: int = 0) -> ProxyConfig:
    """A route of the service, after so many others."""
    paths = (*(PathMatch("exact", f"/other.S/{number}") for number in range(others)), PathMatch("prefix", "/s.S"))
    routes = (Route(path.value, RouteMatch(path, grpc=True), TO_S) for path in paths)
    return ProxyConfig((LISTENER,), (table(*routes),), (Backend("s", "http2"),))


@asynccontextmanager
async def _served(envoy: RunningEnvoy, others: int = 0) -> AsyncIterator[None]:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), *UNLIMITED])
    port = server.add_insecure_port("127.23.5.1:0")
    server.add_generic_rpc_handlers((_Service(),))
    await server.start()
    await envoy.accept(_config(others), {"s": (Endpoint("127.23.5.1", port),)})
    try:
        yield
    finally:
        await server.stop(None)


async def test_the_backend_sees_the_deadline_of_the_client(channel: grpc.aio.Channel) -> None:
    left = await channel.unary_unary("/s.S/Timeout")(b"", timeout=60)
    assert 30 < float(left) <= 60


class _Headers:
    """What a stream of HTTP/2 hears; kept are the headers of the answer."""

    def __init__(self) -> None:
        self.arrived: dict[bytes, bytes] = {}

    def on_headers(self, block: HeaderBlock) -> None:
        self.arrived = dict(block)

    def on_data(self, data: bytes) -> int:
        return len(data)

    def on_trailers(self, block: HeaderBlock) -> None: ...
    def on_closed(self, closed: Closed) -> None: ...


async def _asked(block: HeaderBlock, body: bytes) -> dict[bytes, bytes]:
    """The headers of the answer to a request that no client library of gRPC has a hand in."""
    session, heard = ClientSession(), _Headers()
    session.send(session.open(block, heard), body, end=True)
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(*TARGET)
        while not heard.arrived:
            writer.write(session.pending())
            session.receive(await reader.read(65536))
        writer.close()
    return heard.arrived


async def test_a_deadline_holds_at_the_proxy_too(shared_envoy: RunningEnvoy) -> None:
    """Neither side knows of it: the client is none of gRPC, which would end the call by itself; the backend is mute."""
    connections: list[asyncio.StreamWriter] = []
    mute = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.23.5.4", 0)
    endpoint = Endpoint("127.23.5.4", mute.sockets[0].getsockname()[1])
    request_ = {":method": "POST", ":scheme": "http", ":authority": "x.test", ":path": "/s.S/M"}
    grpc_ = {"content-type": "application/grpc", "te": "trailers", "grpc-timeout": "100m"}
    block = tuple((name.encode(), value.encode()) for name, value in (request_ | grpc_).items())
    async with mute:
        await shared_envoy.accept(_config(), {"s": (endpoint,)})
        answer = await _asked(block, _message(b""))
        for each in connections:
            each.close()
            await each.wait_closed()
    assert (answer[b":status"], answer[b"grpc-status"]) == (b"200", b"4")


async def test_without_a_deadline_there_is_none(channel: grpc.aio.Channel) -> None:
    assert await channel.unary_unary("/s.S/Timeout")(b"") == b"None"


async def test_an_answer_of_trailers_only_keeps_its_status(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await channel.unary_unary("/s.S/Fail")(b"", timeout=DEADLINE_S)
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not like this")


async def test_a_message_of_64_mib_passes_both_ways(channel: grpc.aio.Channel) -> None:
    answer = await channel.unary_unary("/s.S/Size")(bytes(64 * MIB), timeout=60)
    assert len(answer) == 64 * MIB


WEB = {"content_type": "application/grpc-web+proto", "x_grpc_web": "1"}
TEXT = {"content_type": "application/grpc-web-text", "accept": "application/grpc-web-text", "x_grpc_web": "1"}


def _message(body: bytes) -> bytes:
    return b"\0" + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("others", [0, 1, MOST_TWINS])
async def test_grpc_web_is_translated(shared_envoy: RunningEnvoy, others: int) -> None:
    async with _served(shared_envoy, others), grpc.aio.insecure_channel(f"{ADDRESS}:{PORT}") as client:
        answer = await sent(TARGET, "/s.S/Upper", _message(b"hello"), tls=None, server_name=None, **WEB)
        unknown = await sent(TARGET, "/no.S/Upper", _message(b"hello"), tls=None, server_name=None, **WEB)
        assert await client.unary_unary("/s.S/Upper")(b"hello", timeout=DEADLINE_S) == b"HELLO"
    assert (unknown.status, unknown.header("grpc-status")) == (404, "12")
    assert (answer.status, answer.header("content-type")) == (200, "application/grpc-web+proto")
    assert answer.raw.startswith(_message(b"HELLO"))
    kind, trailers = answer.raw[len(_message(b"HELLO"))], answer.raw[len(_message(b"HELLO")) + 5 :]
    assert kind == 0x80, "a frame of trailers"
    assert b"grpc-status:0" in trailers


async def test_grpc_web_text_is_base64_both_ways(channel: grpc.aio.Channel) -> None:
    answer = await sent(TARGET, "/s.S/Upper", base64.b64encode(_message(b"hello")), tls=None, server_name=None, **TEXT)
    assert (answer.status, answer.header("content-type")) == (200, "application/grpc-web-text+proto")
    first = base64.b64encode(_message(b"HELLO")).rstrip(b"=")
    assert answer.raw.startswith(first[:-1])


@pytest.mark.parametrize(("path", "answered", "status"), [("/other.S/M", 404, "12"), ("/s.S/Fail", 200, "9")])
async def test_grpc_web_is_told_a_status(channel: grpc.aio.Channel, path: str, answered: int, status: str) -> None:
    answer = await sent(TARGET, path, _message(b""), tls=None, server_name=None, **WEB)
    assert (answer.status, answer.header("grpc-status")) == (answered, status)


@pytest.mark.parametrize("routes", [1, 2])
async def test_what_is_no_grpc_is_not_forwarded(shared_envoy: RunningEnvoy, routes: int) -> None:
    async with echo_servers(["127.23.5.5"]) as servers:
        matches = (RouteMatch(PathMatch("exact", "/s.S/Other"), grpc=True), RouteMatch(grpc=True))[-routes:]
        hosts = table(*(Route(f"r{number}", each, TO_S) for number, each in enumerate(matches)))
        config = ProxyConfig((LISTENER,), (hosts,), (Backend("s", "http1"),))
        await shared_envoy.accept(config, {"s": servers.endpoints})
        answers = [
            (await sent(TARGET, "/s.S/M", b"{}", content_type=each)).status
            for each in ("application/json", "application/grpc", "application/grpc+json", "application/grpc-web")
        ]
        answers.append((await request(TARGET, "/s.S/M")).status)
    assert answers == [404, 200, 200, 200, 404]


async def test_where_no_grpc_is_routed_grpc_web_is_left_alone(shared_envoy: RunningEnvoy) -> None:
    async with echo_servers(["127.23.5.2"]) as servers:
        route = Route("r", RouteMatch(), Forward((WeightedBackend("one"),)))
        config = ProxyConfig((LISTENER,), (table(route),), (Backend("one", "http1"),))
        await shared_envoy.accept(config, {"one": servers.endpoints})
        seen = (await request(TARGET, "/s.S/Upper", method="POST", **WEB)).body["headers"]
    assert seen["content-type"] == ["application/grpc-web+proto"]


async def test_lost_connections_are_unavailable(shared_envoy: RunningEnvoy) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.23.5.3", 0)
    route = Route("r", RouteMatch(grpc=True), Forward((WeightedBackend("s"),)))
    config = ProxyConfig((LISTENER,), (table(route),), (Backend("s", "http2"),))
    endpoint = Endpoint("127.23.5.3", server.sockets[0].getsockname()[1])
    codes = []
    async with server, grpc.aio.insecure_channel(f"{ADDRESS}:{PORT}") as client:
        for endpoints in ((endpoint,), ()):
            await shared_envoy.accept(config, {"s": endpoints})
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await client.unary_unary("/s.S/M")(b"", timeout=DEADLINE_S)
            codes.append(raised.value.code())
    assert codes == [grpc.StatusCode.UNAVAILABLE] * 2
