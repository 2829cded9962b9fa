"""Pods that say by grpc.health.v1 that they do not serve, where a Gateway's parameters have them asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from controlled_envoy import ADDRESS, controlled, eventually, is_programmed
from fake_cluster import FakeCluster
from gatelab.grpc_wire.health import Serving
from gatelab.kinds.builtin import CONFIG_MAP, ENDPOINT_SLICE, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, SERVICE
from gateway_objects import endpoint_slice, gateway, gateway_class, grpc_route, service
from running_envoy import call, grpc_channel

pytestmark = pytest.mark.envoy

PORT, PODS_PORT = 8096, 3105
PODS = ("127.24.2.7", "127.24.2.8")
TUNING: dict[str, Any] = {"infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "tuning"}}}
OFTEN = {"interval": "20ms", "timeout": "5s", "unhealthyThreshold": "1", "service": "greetings.GreetMe"}


class Pod(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every call with its address, whatever it says of its health."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.health = Serving.SERVING
        self.asked: set[bytes] = set()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        is_check = details.method == "/grpc.health.v1.Health/Check"
        return grpc.unary_unary_rpc_method_handler(self._check if is_check else self._answer)

    async def _check(self, message: bytes, context: object) -> bytes:
        self.asked.add(message)
        return bytes((8, self.health))  # HealthCheckResponse {status: ...}

    async def _answer(self, message: bytes, context: object) -> bytes:
        return self.address.encode()


@asynccontextmanager
async def served(pod: Pod) -> AsyncIterator[None]:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_insecure_port(f"{pod.address}:{PODS_PORT}")
    server.add_generic_rpc_handlers((pod,))
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def tuning(**health: str) -> dict[str, Any]:
    data = {f"grpcHealthCheck.{name}": value for name, value in health.items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "tuning", "namespace": "default"},
        "data": data,
    }


async def answerers(channel: grpc.aio.Channel, wanted: set[str]) -> None:
    """Every call is answered, and soon twenty in a row by these and nobody else."""
    async with asyncio.timeout(40):
        found: set[str] = set()
        while found != wanted:
            found = {await call(channel) for _ in range(20)}
            assert found <= set(PODS)


async def test_requests_avoid_a_pod_that_does_not_serve_until_it_does(socket_folder: Path) -> None:
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    listeners = [{"name": "http", "port": PORT, "protocol": "HTTP"}]
    await cluster.create(GATEWAY, gateway(listeners=listeners, **TUNING))
    await cluster.create(CONFIG_MAP, tuning(**OFTEN))
    await cluster.create(GRPC_ROUTE, grpc_route())
    await cluster.create(SERVICE, service())
    await cluster.create(ENDPOINT_SLICE, endpoint_slice(*PODS, port=PODS_PORT))
    ill, well = map(Pod, PODS)
    async with served(ill), served(well), controlled(cluster, socket_folder):
        await eventually(lambda: is_programmed(cluster))
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            await answerers(channel, {*PODS})
            ill.health = Serving.NOT_SERVING
            await answerers(channel, {well.address})
            ill.health = Serving.SERVING
            await answerers(channel, {*PODS})
    assert ill.asked == {b"\x0a\x11greetings.GreetMe"}
