"""The Gateway controller with a real Envoy: from objects to answered calls, and to what statuses say of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from controlled_envoy import ADDRESS, SHIFT, controlled, eventually, is_programmed, programmed
from fake_cluster import FakeCluster
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, SECRET, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gatelab.proxy import regex
from gatelab.proxy.resources import MANY
from gatelab.proxy.xds import server
from gateway_objects import endpoint_slice, gateway, gateway_class, grpc_route, secret, service
from golden_cases import certificate_pair
from running_envoy import call, grpc_backends, grpc_channel

pytestmark = pytest.mark.envoy


async def test_the_first_call_after_programmed_is_answered_over_tls(socket_folder: Path) -> None:
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    tls = {"certificateRefs": [{"name": "certificate"}]}
    listeners = [{"name": "https", "port": 443, "protocol": "HTTPS", "tls": tls}]
    await cluster.create(GATEWAY, gateway(listeners=listeners))
    await cluster.create(GRPC_ROUTE, grpc_route(hostnames=["hello.test"]))
    await cluster.create(SERVICE, service())
    await cluster.create(SECRET, secret())
    async with grpc_backends(["127.24.2.1"]) as backends, controlled(cluster, socket_folder):
        endpoint = backends.endpoints[0]
        await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
        await eventually(lambda: is_programmed(cluster))
        root = certificate_pair()[0]
        async with grpc_channel(f"{ADDRESS}:{443 + SHIFT}", authority="hello.test", root=root) as channel:
            assert await call(channel) == f"{endpoint.address}:{endpoint.port}"
        async with grpc_channel(f"{ADDRESS}:{443 + SHIFT}", authority="other.test", root=root) as channel:
            assert await call(channel) == "UNIMPLEMENTED"


async def test_a_taken_port_is_told_in_envoys_words_and_then_served(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ADDRESS_RETRY_S", 0.1)
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=[{"name": "http", "port": 8080, "protocol": "HTTP"}]))
    await cluster.create(GRPC_ROUTE, grpc_route())
    taken = await asyncio.start_server(lambda _, writer: writer.close(), ADDRESS, 8080)
    async with taken, controlled(cluster, socket_folder):
        await eventually(lambda: "Envoy refused listener port-8080" in programmed(cluster).get("message", ""))
        assert "in use" in programmed(cluster)["message"]
        taken.close()
        await taken.wait_closed()
        await eventually(lambda: is_programmed(cluster))


async def test_no_usable_backend_is_unavailable(socket_folder: Path) -> None:
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=[{"name": "http", "port": 8081, "protocol": "HTTP"}]))
    await cluster.create(GRPC_ROUTE, grpc_route())
    async with controlled(cluster, socket_folder):
        await eventually(lambda: is_programmed(cluster))
        async with grpc_channel(f"{ADDRESS}:8081") as channel:
            assert await call(channel) == "UNAVAILABLE"


async def test_a_route_that_envoy_refuses_is_told_envoys_words(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "problem", lambda _: None)
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=[{"name": "http", "port": 8082, "protocol": "HTTP"}]))
    await cluster.create(SERVICE, service())
    bad = {"method": {"type": "RegularExpression", "service": "a("}}
    async with grpc_backends(["127.24.2.2"]) as backends, controlled(cluster, socket_folder):
        endpoint = backends.endpoints[0]
        await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
        await eventually(lambda: is_programmed(cluster))
        await cluster.create(GRPC_ROUTE, grpc_route("bad", rules=[{"matches": [bad]}]))
        await cluster.create(GRPC_ROUTE, grpc_route())
        await eventually(lambda: accepted(cluster, "bad").get("status") == "False")
        assert "missing )" in accepted(cluster, "bad")["message"]
        await eventually(lambda: accepted(cluster, "route").get("status") == "True")
        async with grpc_channel(f"{ADDRESS}:8082") as channel:
            # Accepted is what the spec says of the route; that Envoy has it comes a moment later.
            async with asyncio.timeout(40):
                while await call(channel) != f"{endpoint.address}:{endpoint.port}":
                    pass


async def test_a_refused_route_among_many_hosts_is_told_and_holds_up_no_other(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "problem", lambda _: None)
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=[{"name": "http", "port": 8083, "protocol": "HTTP"}]))
    await cluster.create(SERVICE, service())
    for number in range(MANY):
        await cluster.create(GRPC_ROUTE, grpc_route(f"r{number}", hostnames=[f"h{number}.test"]))
    bad = {"method": {"type": "RegularExpression", "service": "a("}}
    async with grpc_backends(["127.24.2.3"]) as backends, controlled(cluster, socket_folder):
        endpoint = backends.endpoints[0]
        served = f"{endpoint.address}:{endpoint.port}"
        await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
        await eventually(lambda: is_programmed(cluster))
        await cluster.create(GRPC_ROUTE, grpc_route("bad", hostnames=["h3.test"], rules=[{"matches": [bad]}]))
        await cluster.create(GRPC_ROUTE, grpc_route("new", hostnames=["new.test"]))
        await eventually(lambda: accepted(cluster, "bad").get("status") == "False")
        assert "missing )" in accepted(cluster, "bad")["message"]
        assert accepted(cluster, "r3")["status"] == "True"
        for host in ("h3.test", "h4.test", "new.test", "H5.Test"):
            async with asyncio.timeout(40), grpc_channel(f"{ADDRESS}:8083", authority=host) as channel:
                while await call(channel) != served:
                    pass


def accepted(cluster: FakeCluster, name: str) -> Any:
    parents = cluster.objects[GRPC_ROUTE][Key("default", name)].get("status", {}).get("parents") or [{"conditions": ()}]
    return condition(parents[0]["conditions"], "Accepted") or {}
