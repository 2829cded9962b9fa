"""What a real Envoy does with the listeners, routes and backends of the model."""

import asyncio
import dataclasses
from typing import Literal

import pytest

from gatelab.proxy.model import (
    Backend,
    BackendPolicy,
    Endpoint,
    HeaderMatch,
    PathMatch,
    ProxyConfig,
    Route,
    RouteMatch,
    RouteTable,
    VirtualHost,
)
from proxy_configs import ADDRESS, GREETINGS, PORT, forward, greetings_to, proxy_config
from running_envoy import RunningEnvoy, call, count, grpc_backends, grpc_channel

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]


async def test_round_robin_over_five_endpoints_is_even_on_one_connection(shared_envoy: RunningEnvoy) -> None:
    async with grpc_backends(f"127.23.2.{last}" for last in range(1, 6)) as backends:
        config = proxy_config(greetings_to("hello"))
        await shared_envoy.accept(config, {"hello": backends.endpoints})
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            for _ in range(1000):
                assert await call(channel) in backends.calls
    assert sum(backends.calls.values()) == 1000
    assert max(backends.calls.values()) - min(backends.calls.values()) <= 1


async def test_what_no_route_takes_is_unimplemented(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(proxy_config(greetings_to("hello")))
    async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
        assert await call(channel, "/other.Service/Method") == "UNIMPLEMENTED"


@pytest.mark.parametrize(("content_type", "status"), [("application/grpc", b"200"), ("application/json", b"404")])
async def test_a_grpc_route_takes_only_grpc(shared_envoy: RunningEnvoy, content_type: str, status: bytes) -> None:
    """Over HTTP/1.1, which the same port speaks; a gRPC error is a 200 with trailers."""
    await shared_envoy.accept(proxy_config(greetings_to("hello")), {"hello": ()})
    reader, writer = await asyncio.open_connection(ADDRESS, PORT)
    headers = f"Host: x\r\nContent-Type: {content_type}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    writer.write(f"POST /greetings.GreetMe/Send HTTP/1.1\r\n{headers}".encode())
    assert (await asyncio.wait_for(reader.readline(), 5)).split()[1] == status
    writer.close()


async def test_a_backend_without_endpoints_is_unavailable(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(proxy_config(greetings_to("hello")), {"hello": ()})
    async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
        assert await call(channel) == "UNAVAILABLE"


@pytest.mark.parametrize(("failure_status", "grpc_status"), [(503, "UNAVAILABLE"), (500, "UNKNOWN")])
@pytest.mark.parametrize("shares", [[(None, 1)], [("hello", 0)], [], [(None, 10**9), ("hello", 1)]])
async def test_what_cannot_be_served_gets_the_failure_status(
    shared_envoy: RunningEnvoy, shares: list[tuple[str | None, int]], failure_status: int, grpc_status: str
) -> None:
    action = forward(*shares, failure_status=failure_status)
    await shared_envoy.accept(proxy_config(Route("hello", GREETINGS, action)))
    async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
        assert await call(channel) == grpc_status


async def test_shares_follow_the_weights_and_unservable_ones_fail(shared_envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1", "127.23.2.2"]) as backends:
        one, two = backends.endpoints
        action = forward(("one", 6), ("two", 3), (None, 1), ("never", 0))
        config = proxy_config(Route("hello", GREETINGS, action), backends=("one", "two", "never"))
        await shared_envoy.accept(config, {"one": (one,), "two": (two,)})
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            counts = count([await call(channel) for _ in range(600)])
    assert set(counts) == {f"{one.address}:{one.port}", f"{two.address}:{two.port}", "UNAVAILABLE"}
    # Six standard deviations of the binomial: 12.0, 11.2, 7.3.
    assert abs(counts[f"{one.address}:{one.port}"] - 360) < 72
    assert abs(counts[f"{two.address}:{two.port}"] - 180) < 68
    assert abs(counts["UNAVAILABLE"] - 60) < 44


async def test_matches_by_service_method_and_header(shared_envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1", "127.23.2.2", "127.23.2.3"]) as backends:
        names = ("canary", "method", "service")
        canary = RouteMatch(GREETINGS.path, (HeaderMatch("x-user", "regex", "te.t"),), grpc=True)
        method = RouteMatch(PathMatch("exact", "/greetings.GreetMe/Send"), grpc=True)
        routes = [
            Route(name, match, forward((name, 1)))
            for name, match in zip(names, (canary, method, GREETINGS), strict=True)
        ]
        endpoints = {name: (endpoint,) for name, endpoint in zip(names, backends.endpoints, strict=True)}
        await shared_envoy.accept(proxy_config(*routes, backends=names), endpoints)
        where = {f"{endpoint.address}:{endpoint.port}": name for name, (endpoint,) in endpoints.items()}
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            assert where[await call(channel, metadata=[("x-user", "test")])] == "canary"
            assert where[await call(channel, metadata=[("x-user", "tester")])] == "method"
            assert where[await call(channel, "/greetings.GreetMe/Other")] == "service"
            assert await call(channel, "/greetings.GreetMeToo/Send") == "UNIMPLEMENTED"


async def test_the_port_in_the_authority_is_ignored(shared_envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        config = proxy_config(greetings_to("hello"))
        (table,) = config.route_tables
        host = VirtualHost("one", ("hello.test",), table.hosts[0].routes)
        config = ProxyConfig(config.listeners, (RouteTable("routes", (host,)),), config.backends)
        await shared_envoy.accept(config, {"hello": backends.endpoints})
        for authority, served in [("hello.test:8080", True), ("hello.test", True), ("other.test", False)]:
            async with grpc_channel(f"{ADDRESS}:{PORT}", authority=authority) as channel:
                assert (await call(channel) in backends.calls) is served


@pytest.mark.parametrize("balance", ["round_robin", "random"])
async def test_an_endpoint_that_refuses_is_passed_over(
    shared_envoy: RunningEnvoy, balance: Literal["round_robin", "random"]
) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": (*backends.endpoints, Endpoint("127.23.2.9", 9))}
        backend = (Backend("hello", "http2", policy=BackendPolicy(balance=balance)),)
        config = dataclasses.replace(proxy_config(greetings_to("hello")), backends=backend)
        await shared_envoy.accept(config, endpoints)
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            assert {await call(channel) for _ in range(40)} == set(backends.calls)
        without = proxy_config(Route("hello", GREETINGS, forward(("hello", 1), connect_retries=0)))
        await shared_envoy.accept(dataclasses.replace(without, backends=backend), endpoints)
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            assert "UNAVAILABLE" in [await call(channel) for _ in range(40)]
