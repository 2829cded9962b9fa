"""The gRPC shell: one method, over a Unix socket or TLS, and errors of the address."""

import asyncio
import contextlib
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gatelab.proxy.model import ProxyConfig
from gatelab.proxy.resources import CLUSTER
from gatelab.proxy.xds import XdsServer
from proxy_configs import self_signed
from running_envoy import until

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"


@pytest.fixture
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        yield f"unix:{folder}/xds.sock"


@asynccontextmanager
async def stream(channel: grpc.aio.Channel) -> AsyncIterator[Any]:
    async with channel:
        method = channel.stream_stream(
            METHOD,
            request_serializer=DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=DeltaDiscoveryResponse.FromString,
        )
        yield method(timeout=30)


def question(proxy: str) -> DeltaDiscoveryRequest:
    request = DeltaDiscoveryRequest(type_url=CLUSTER)
    request.node.cluster = proxy
    return request


async def test_an_envoy_is_known_from_its_first_question_to_the_end_of_its_stream(address: str) -> None:
    async with XdsServer(address) as server:
        async with stream(grpc.aio.insecure_channel(address)) as envoy:
            await envoy.write(question("p"))
            await until(server, "p", lambda now: now.connected)
            server.publish("p", ProxyConfig())
            response = await envoy.read()
            assert (response.type_url, len(response.resources)) == (CLUSTER, 0)
        await until(server, "p", lambda now: not now.connected)


async def test_a_server_that_closes_ends_the_streams_at_once(address: str) -> None:
    async with XdsServer(address) as server, stream(grpc.aio.insecure_channel(address)) as envoy:
        await envoy.write(question("p"))
        await until(server, "p", lambda now: now.connected)
        await server.__aexit__(None, None, None)
        assert await envoy.code() is grpc.StatusCode.UNAVAILABLE
        assert "come again" in await envoy.details()
        await until(server, "p", lambda now: not now.connected)


async def test_closing_under_questions_logs_nothing(address: str, caplog: pytest.LogCaptureFixture) -> None:
    async def ask(envoy: Any) -> None:
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await envoy.write(question("p"))

    async with XdsServer(address) as server, contextlib.AsyncExitStack() as channels, asyncio.TaskGroup() as tasks:
        envoys = [await channels.enter_async_context(stream(grpc.aio.insecure_channel(address))) for _ in range(4)]
        for envoy in envoys:
            tasks.create_task(ask(envoy))
        await until(server, "p", lambda now: now.connected)
        await server.__aexit__(None, None, None)
        assert grpc.StatusCode.OK not in [await envoy.code() for envoy in envoys]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


class _Gone:
    """The stream of an Envoy whose end a write hears of before the stream is cancelled."""

    async def write(self, response: DeltaDiscoveryResponse) -> None:
        raise grpc.aio.InternalError


async def test_an_envoy_that_goes_while_it_is_told_something_ends_its_stream_without_an_error(address: str) -> None:
    async def requests() -> AsyncIterator[DeltaDiscoveryRequest]:
        yield question("p")
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        server = XdsServer(address)
        server.publish("p", ProxyConfig())
        with pytest.raises(asyncio.CancelledError):
            await server._stream(requests(), _Gone())
        assert not server.acceptance("p").connected


async def test_over_tcp_with_tls() -> None:
    pair = self_signed("xds.test")
    credentials = grpc.ssl_server_credentials([(pair.key, pair.chain)])
    async with XdsServer("127.23.9.1:18000", credentials=credentials) as server:
        server.publish("p", ProxyConfig())
        options = [("grpc.ssl_target_name_override", "xds.test")]
        trusted = grpc.ssl_channel_credentials(pair.chain)
        async with stream(grpc.aio.secure_channel("127.23.9.1:18000", trusted, options=options)) as envoy:
            await envoy.write(question("p"))
            assert (await envoy.read()).type_url == CLUSTER


async def test_a_taken_address_is_an_error_that_names_it() -> None:
    async with XdsServer("127.23.9.1:18001"):
        with pytest.raises(OSError, match=r"xDS cannot listen on 127\.23\.9\.1:18001"):
            async with XdsServer("127.23.9.1:18001"):
                pass


async def test_the_stale_socket_of_a_killed_process_is_taken_over(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(address.removeprefix("unix:"))
    async with XdsServer(address) as server, stream(grpc.aio.insecure_channel(address)) as envoy:
        await envoy.write(question("p"))
        await until(server, "p", lambda now: now.connected)
