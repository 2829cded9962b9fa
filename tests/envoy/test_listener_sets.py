"""ListenerSets with a real Envoy: their listeners come and go, and those of their Gateway lose no call."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from controlled_envoy import ADDRESS, controlled, eventually, is_programmed
from fake_cluster import FakeCluster
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, LISTENER_SET, SECRET, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gateway_objects import endpoint_slice, gateway, gateway_class, grpc_route, listener_set, secret, service
from golden_cases import certificate_pair
from running_envoy import Traffic, call, grpc_backends, grpc_channel

pytestmark = pytest.mark.envoy

SET = Key("default", "set")
PORT = 8447
TARGET = f"{ADDRESS}:{PORT}"
ROUNDS = 3


def https(name: str, hostname: str) -> dict[str, Any]:
    tls = {"certificateRefs": [{"name": "certificate"}]}
    return {"name": name, "port": PORT, "protocol": "HTTPS", "hostname": hostname, "tls": tls}


async def apply_base(cluster: FakeCluster) -> None:
    allowed = {"namespaces": {"from": "Same"}}
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=[https("own", "own.test")], allowedListeners=allowed))
    parents = [{"name": "gw"}, {"name": "set", "kind": "ListenerSet"}]
    await cluster.create(GRPC_ROUTE, grpc_route(parentRefs=parents))
    await cluster.create(SERVICE, service())
    await cluster.create(SECRET, secret())


def set_is_programmed(cluster: FakeCluster) -> bool:
    present = cluster.objects[LISTENER_SET].get(SET, {}).get("status", {})
    return (condition(present.get("conditions", ()), "Programmed") or {}).get("status") == "True"


async def test_sets_come_and_go_and_the_gateway_loses_no_call(socket_folder: Path) -> None:
    cluster, root = FakeCluster(), certificate_pair()[0]
    await apply_base(cluster)
    async with grpc_backends(["127.24.2.9"]) as backends, controlled(cluster, socket_folder):
        endpoint = backends.endpoints[0]
        answer = f"{endpoint.address}:{endpoint.port}"
        await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
        await eventually(lambda: is_programmed(cluster))
        met = Traffic()
        async with grpc_channel(TARGET, authority="own.test", root=root) as own, asyncio.TaskGroup() as tasks:
            running = tasks.create_task(met.run(own, 0.004))
            for _ in range(ROUNDS):
                await cluster.create(LISTENER_SET, listener_set(listeners=[https("own", "set.test")]))
                await eventually(lambda: set_is_programmed(cluster))
                async with grpc_channel(TARGET, authority="set.test", root=root) as channel:
                    assert await call(channel) == answer
                await met.more()
                await cluster.delete(LISTENER_SET, SET)
                await eventually(lambda: attached_sets(cluster) == 0)
                await met.more()
            running.cancel()
        assert set(met.answers) == {answer}


def attached_sets(cluster: FakeCluster) -> Any:
    return cluster.objects[GATEWAY][Key("default", "gw")]["status"]["attachedListenerSets"]
