"""Changes under traffic: endpoints, backends and routes come and go, and no request is lost."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from gatelab.proxy.model import Endpoint, HttpChain, Listener, ProxyConfig, Redirect, Route, RouteMatch
from http_echo import request
from proxy_configs import ADDRESS, LISTENER, PORT, greetings_to, proxy_config, table
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel, running_envoy, traffic

pytestmark = pytest.mark.envoy


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.address}:{endpoint.port}"


async def test_an_endpoint_that_goes_finishes_its_requests(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1", "127.23.2.2"]) as backends:
        old, new = backends.endpoints
        config = proxy_config(greetings_to("hello"))
        await envoy.accept(config, {"hello": (old,)})
        async with traffic(f"{ADDRESS}:{PORT}") as met, grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            async with asyncio.TaskGroup() as tasks:
                slow = [tasks.create_task(call(channel, message=b"wait")) for _ in range(3)]
                await met.more()
                await envoy.accept(config, {"hello": (new,)})
                await met.more()
                assert not any(task.done() for task in slow)
                assert met.answers[-1] == name(new)
                backends.release.set()
            assert [task.result() for task in slow] == [name(old)] * 3
        assert set(met.answers) == {name(old), name(new)}


async def test_a_route_moves_to_a_new_backend_and_the_old_one_goes(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        await envoy.accept(proxy_config(greetings_to("b0"), backends=("b0",)), {"b0": backends.endpoints})
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            for step in range(1, 8):
                backend = f"b{step}"
                config = proxy_config(greetings_to(backend), backends=(backend,))
                await envoy.accept(config, {backend: backends.endpoints})
                await met.more(5)
        assert set(met.answers) == set(backends.calls)


async def test_a_changed_backend_keeps_its_endpoints(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        config = proxy_config(greetings_to("hello"))
        await envoy.accept(config, {"hello": backends.endpoints})
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            for connect_timeout_s in (1.0, 2.0, 3.0):
                (backend,) = config.backends
                changed = dataclasses.replace(backend, connect_timeout_s=connect_timeout_s)
                await envoy.accept(dataclasses.replace(config, backends=(changed,)), {"hello": backends.endpoints})
                assert await envoy.counter("cluster_manager.warming_clusters") == 0
                await met.more(5)
        assert set(met.answers) == set(backends.calls)


async def test_an_address_moves_from_one_listener_to_another(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        config = proxy_config(greetings_to("hello"))
        await envoy.accept(config, {"hello": backends.endpoints})
        other = Listener("other", ADDRESS, PORT, (HttpChain("other", "routes"),))
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            await envoy.accept(dataclasses.replace(config, listeners=(other,)), {"hello": backends.endpoints})
            await met.more()
            await envoy.accept(dataclasses.replace(config, listeners=(LISTENER,)), {"hello": backends.endpoints})
        assert set(met.answers) == set(backends.calls)


async def test_a_listener_that_goes_finishes_its_requests_and_takes_no_more(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1"]) as backends:
        config = proxy_config(greetings_to("hello"))
        await envoy.accept(config, {"hello": backends.endpoints})
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel, asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(call(channel, message=b"wait"))
            await in_flight(envoy, 1)
            await envoy.accept(dataclasses.replace(config, listeners=()), {"hello": backends.endpoints})
            await in_flight(envoy, 1)
            backends.release.set()
            assert await waiting in backends.calls
        async with asyncio.timeout(30):
            while await connects():
                continue


async def test_connections_after_an_acknowledgement_meet_what_was_acknowledged(socket_folder: Path) -> None:
    """By whichever worker they are served: an update is posted to all of them before it is acknowledged."""

    def redirect(host: str) -> ProxyConfig:
        route = Route("r", RouteMatch(), Redirect(host=host))
        return ProxyConfig((dataclasses.replace(LISTENER, exact_balance=True),), (table(route),))

    async with running_envoy(socket_folder, concurrency=2) as envoy:
        for number in range(50):
            await envoy.accept(redirect(f"n{number}.test"))
            answers = await asyncio.gather(*(request((ADDRESS, PORT), "/") for _ in range(4)))
            assert {each.header("location") for each in answers} == {f"http://n{number}.test/"}


async def in_flight(envoy: RunningEnvoy, requests: int) -> None:
    async with asyncio.timeout(30):
        while await envoy.counter("cluster.hello.upstream_rq_active") != requests:
            continue


async def connects() -> bool:
    try:
        _, writer = await asyncio.open_connection(ADDRESS, PORT)
    except ConnectionRefusedError:
        return False
    writer.transport.abort()
    return True
