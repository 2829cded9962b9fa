"""Layer 4: bytes to an endpoint that is drawn per connection."""

import asyncio
import itertools

import pytest

from gatelab.proxy.model import Backend, BackendPolicy, Listener, ProxyConfig, TcpChain, WeightedBackend
from proxy_configs import ADDRESS
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

PORT = 8081
CONFIG = ProxyConfig(
    listeners=(Listener("tcp", ADDRESS, PORT, (TcpChain("tcp", (WeightedBackend("hello"),)),)),),
    backends=(Backend("hello", "tcp", policy=BackendPolicy(balance="random")),),
)


async def test_a_connection_stays_on_one_endpoint(shared_envoy: RunningEnvoy) -> None:
    async with grpc_backends(f"127.23.2.{last}" for last in range(1, 6)) as backends:
        await shared_envoy.accept(CONFIG, {"hello": backends.endpoints})
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            assert len({await call(channel) for _ in range(50)}) == 1


async def test_connections_are_drawn_at_random(shared_envoy: RunningEnvoy) -> None:
    async def one() -> str:
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            return await call(channel)

    async with grpc_backends(f"127.23.2.{last}" for last in range(1, 6)) as backends:
        await shared_envoy.accept(CONFIG, {"hello": backends.endpoints})
        drawn = [await one() for _ in range(40)]
    repeats = sum(first == second for first, second in itertools.pairwise(drawn))
    # Round robin would never repeat; 39 draws of 1 in 5 repeat at least once with a probability of 1 - 2e-4.
    assert repeats > 0
    assert set(drawn) <= set(backends.calls)


async def test_without_an_endpoint_the_connection_is_closed(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(CONFIG, {"hello": ()})
    reader, writer = await asyncio.open_connection(ADDRESS, PORT)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
