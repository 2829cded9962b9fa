"""What nothing could foresee: Envoy's refusal is told to the guilty, and the others serve, however many they are."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlled_envoy import ADDRESS, controlled, eventually, is_programmed
from fake_cluster import FakeCluster
from gatelab.kinds.builtin import (
    CONFIG_MAP,
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    SERVICE,
)
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gatelab.proxy import regex
from gatelab.proxy.model import Backend
from gatelab.proxy.resources import EncodedResource, encoder
from gatelab.proxy.resources import cluster as cluster_resource
from gateway_objects import endpoint_slice, gateway, gateway_class, grpc_route, service
from running_envoy import call, grpc_backends, grpc_channel, traffic

pytestmark = [pytest.mark.envoy, pytest.mark.timeout(120)]

OTHERS = 500
PORT = 8090
LISTENERS = [{"name": "http", "port": PORT, "protocol": "HTTP"}]
BAD_RULES = [
    {
        "matches": [{"method": {"type": "RegularExpression", "service": "a("}}],
        "backendRefs": [{"name": "hello", "port": 8080}],
    }
]


@pytest.fixture(autouse=True)
def _nobody_foresees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex, "problem", lambda _: None)


async def filled(endpoint: Any, *, gateway_spec: dict[str, Any] | None = None) -> FakeCluster:
    """A Gateway with 500 routes, each of a hostname of its own, and one of all others."""
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=LISTENERS, **(gateway_spec or {})))
    await cluster.create(SERVICE, service())
    await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
    await cluster.create(GRPC_ROUTE, grpc_route("steady"))
    for number in range(OTHERS):
        await cluster.create(GRPC_ROUTE, grpc_route(f"r{number}", hostnames=[f"h{number}.test"]))
    return cluster


def told(cluster: FakeCluster, name: str, type_: str = "Accepted") -> Any:
    status = cluster.objects[GRPC_ROUTE][Key("default", name)].get("status", {})
    parents = status.get("parents") or [{"conditions": ()}]
    return condition(parents[0]["conditions"], type_) or {}


async def answered(host: str, expected: str) -> None:
    """Soon: what Envoy accepts is in use a moment later."""
    async with grpc_channel(f"{ADDRESS}:{PORT}", authority=host) as channel, asyncio.timeout(20):
        while await call(channel) != expected:
            pass


@pytest.mark.parametrize("many_hosts", [128, 10_000], ids=["each host alone", "one table"])
async def test_two_guilty_of_500_are_found_and_named(socket_folder: Path, many_hosts: int) -> None:
    async with grpc_backends(["127.24.2.3"]) as backends:
        (endpoint,) = backends.endpoints
        me = f"{endpoint.address}:{endpoint.port}"
        cluster = await filled(endpoint)
        async with controlled(cluster, socket_folder, many_hosts=many_hosts):
            await eventually(lambda: is_programmed(cluster))
            async with traffic(f"{ADDRESS}:{PORT}", every_s=0.02) as met:
                await cluster.create(GRPC_ROUTE, grpc_route("bad", hostnames=["h7.test"], rules=BAD_RULES))
                await cluster.create(GRPC_ROUTE, grpc_route("worse", rules=BAD_RULES))
                await cluster.create(GRPC_ROUTE, grpc_route("new", hostnames=["new.test"]))
                for name in ("bad", "worse"):
                    await eventually(lambda name=name: told(cluster, name).get("status") == "False")  # type: ignore[misc]
                    assert "missing )" in told(cluster, name)["message"]
                await eventually(lambda: told(cluster, "new").get("status") == "True")
                await answered("new.test", me)
                await answered("h7.test", me)
                refused = [name for name in routes(cluster) if told(cluster, name).get("status") != "True"]
                assert sorted(refused) == ["bad", "worse"]
                await met.more()
            assert set(met.answers) == {me}


def routes(cluster: FakeCluster) -> Iterator[str]:
    return (key.name for key in cluster.objects[GRPC_ROUTE])


async def test_a_guilty_route_beside_new_parameters_costs_nobody_a_call(socket_folder: Path) -> None:
    """Every route is made anew by the parameters, so that every one is a suspect."""
    reference = {"infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "tuning"}}}
    async with grpc_backends(["127.24.2.4"]) as backends:
        (endpoint,) = backends.endpoints
        me = f"{endpoint.address}:{endpoint.port}"
        cluster = await filled(endpoint, gateway_spec=reference)
        await cluster.create(CONFIG_MAP, tuning({}))
        async with controlled(cluster, socket_folder):
            await eventually(lambda: is_programmed(cluster))
            async with traffic(f"{ADDRESS}:{PORT}", every_s=0.02) as met:
                await cluster.create(GRPC_ROUTE, grpc_route("bad", hostnames=["h7.test"], rules=BAD_RULES))
                await cluster.patch(CONFIG_MAP, Key("default", "tuning"), tuning({"grpcRetry.attempts": "2"}))
                await eventually(lambda: told(cluster, "bad").get("status") == "False")
                refused = [name for name in routes(cluster) if told(cluster, name).get("status") != "True"]
                assert refused == ["bad"]
                await met.more()
            assert set(met.answers) == {me}


async def test_a_guilty_backend_is_told_to_its_routes_and_goes_when_it_is_better(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = cluster_resource.encode_backend

    def spoilt(backend: Backend) -> EncodedResource:
        bad = replace(backend, connect_timeout_s=-1.0) if backend.name.endswith(":9") else backend
        return encode(bad)

    monkeypatch.setattr(encoder, "encode_backend", spoilt)
    async with grpc_backends(["127.24.2.5"]) as backends:
        (endpoint,) = backends.endpoints
        me = f"{endpoint.address}:{endpoint.port}"
        cluster = await filled(endpoint)
        async with controlled(cluster, socket_folder):
            await eventually(lambda: is_programmed(cluster))
            async with traffic(f"{ADDRESS}:{PORT}", every_s=0.02) as met:
                ports = [{"name": name, "port": port} for name, port in (("grpc", 8080), ("other", 9))]
                await cluster.patch(SERVICE, Key("default", "hello"), {"spec": {"ports": ports}})
                rules = [{"backendRefs": [{"name": "hello", "port": 9}]}]
                await cluster.create(GRPC_ROUTE, grpc_route("bad", hostnames=["bad.test"], rules=rules))
                await cluster.create(GRPC_ROUTE, grpc_route("new", hostnames=["new.test"]))
                await eventually(lambda: told(cluster, "bad", "ResolvedRefs").get("reason") == "BackendRefused")
                assert "Expected positive duration" in told(cluster, "bad", "ResolvedRefs")["message"]
                assert told(cluster, "bad")["status"] == "True"
                await answered("new.test", me)
                await answered("bad.test", "UNAVAILABLE")
                better = {"spec": {"rules": [{"backendRefs": [{"name": "hello", "port": 8080}]}]}}
                await cluster.patch(GRPC_ROUTE, Key("default", "bad"), better)
                await eventually(lambda: told(cluster, "bad", "ResolvedRefs").get("status") == "True")
                await answered("bad.test", me)
                await met.more()
            assert set(met.answers) == {me}


def tuning(data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "tuning", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
