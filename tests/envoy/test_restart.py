"""A control plane that goes and comes back, under traffic."""

import asyncio
import dataclasses

import pytest

from gatelab.proxy.model import Endpoint, HttpChain, Listener, ProxyConfig
from gatelab.proxy.resources import CLUSTER
from gatelab.proxy.xds.subscription import Subscription
from proxy_configs import ADDRESS, LISTENER, PORT, greetings_to, proxy_config
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel, traffic, until

pytestmark = pytest.mark.envoy

SECOND = Listener("second", ADDRESS, PORT + 1, (HttpChain("http", "second"),))


def both(config: ProxyConfig) -> ProxyConfig:
    (first,) = config.route_tables
    return dataclasses.replace(
        config, listeners=(LISTENER, SECOND), route_tables=(first, dataclasses.replace(first, name="second"))
    )


async def test_the_same_configuration_again_touches_nothing(envoy: RunningEnvoy) -> None:
    config = both(proxy_config(greetings_to("hello")))
    async with grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await envoy.accept(config, endpoints)
        before = await updates(envoy)
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            await envoy.restart_control_plane()
            await until(envoy.xds, envoy.proxy, lambda acceptance: acceptance.connected)
            await met.more()
            await envoy.accept(config, endpoints)
            await met.more()
        assert set(met.answers) == set(backends.calls)
    assert await updates(envoy) == before


async def test_what_changed_meanwhile_is_applied_and_what_went_is_removed(envoy: RunningEnvoy) -> None:
    async with grpc_backends(["127.23.2.1", "127.23.2.2"]) as backends:
        old, new = backends.endpoints
        await envoy.accept(both(proxy_config(greetings_to("old"), backends=("old",))), {"old": (old,)})
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            await envoy.restart_control_plane()
            await envoy.accept(proxy_config(greetings_to("new"), backends=("new",)), {"new": (new,)})
            await met.more()
            assert met.answers[-1] == name(new)
        assert set(met.answers) == {name(old), name(new)}
        async with grpc_channel(f"{ADDRESS}:{PORT + 1}") as channel:
            assert await call(channel) == "UNAVAILABLE"
    await gone(envoy, "old")
    assert "new::" in await envoy.admin("/clusters")


async def test_endpoints_are_not_taken_away_before_they_are_known(envoy: RunningEnvoy) -> None:
    config = proxy_config(greetings_to("hello"))
    async with grpc_backends(["127.23.2.1"]) as backends:
        await envoy.accept(config, {"hello": backends.endpoints})
        async with traffic(f"{ADDRESS}:{PORT}") as met:
            await envoy.restart_control_plane()
            envoy.publish_without_endpoints(config)
            await until(envoy.xds, envoy.proxy, lambda now: now.connected and set(now.pending) == {"endpoints"})
            await met.more()
        assert set(met.answers) == set(backends.calls)


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.address}:{endpoint.port}"


async def test_a_stream_that_broke_off_while_a_cluster_warmed(
    envoy: RunningEnvoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Envoy says nothing about clusters on the new stream until one that warms has its endpoints."""
    config = proxy_config(greetings_to("hello"))
    (backend,) = config.backends
    changed = dataclasses.replace(config, backends=(dataclasses.replace(backend, connect_timeout_s=1.0),))
    async with grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await envoy.accept(config, endpoints)
        for wanted in (changed, proxy_config(greetings_to("other"), backends=("other",))):
            with monkeypatch.context() as patch:
                patch.setattr(Subscription, "wants", lambda _, resource: resource.type_url == CLUSTER)
                envoy.publish(changed, endpoints)
                async with asyncio.timeout(30):
                    while await envoy.counter("cluster_manager.warming_clusters") != 1:
                        continue
            async with traffic(f"{ADDRESS}:{PORT}") as met:
                await envoy.restart_control_plane()
                await envoy.accept(wanted, endpoints | {"other": backends.endpoints})
            assert await envoy.counter("cluster_manager.warming_clusters") == 0
            if wanted is changed:
                assert set(met.answers) == set(backends.calls)
                await envoy.accept(config, endpoints)


COUNTERS = (
    *("listener_manager.listener_added", "listener_manager.listener_modified", "listener_manager.listener_removed"),
    *("cluster_manager.cluster_added", "cluster_manager.cluster_modified", "cluster_manager.cluster_removed"),
    *("cluster.hello.membership_change", "http.routes.rds.routes.config_reload"),
)


async def updates(envoy: RunningEnvoy) -> dict[str, int]:
    """How often Envoy changed something."""
    return {counter: await envoy.counter(counter) for counter in COUNTERS}


async def gone(envoy: RunningEnvoy, cluster: str) -> None:
    """A cluster goes when the listeners that used it have drained; nothing tells when, so ask until it is so."""
    async with asyncio.timeout(30):
        while f"{cluster}::" in await envoy.admin("/clusters"):
            continue
