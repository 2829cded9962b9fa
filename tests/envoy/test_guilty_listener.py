"""A listener that Envoy refuses is told so in Envoy's words; those beside it serve on, and change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlled_envoy import ADDRESS, GW, controlled, eventually, is_programmed, programmed
from fake_cluster import FakeCluster
from gatelab.gateway.status.programmed import present_condition
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, SERVICE
from gatelab.proxy.model import Listener
from gatelab.proxy.resources import EncodedResource, encoder
from gatelab.proxy.resources import listener as listener_resource
from gateway_objects import endpoint_slice, gateway, gateway_class, grpc_route, service
from running_envoy import call, grpc_backends, grpc_channel, traffic

pytestmark = pytest.mark.envoy

STEADY, BAD, NEW, BETTER = 8091, 8092, 8093, 8094
PORTS = {"steady": STEADY, "other": 8095}


def listeners(**ports: int) -> list[dict[str, Any]]:
    return [{"name": name, "port": port, "protocol": "HTTP"} for name, port in ports.items()]


def told(cluster: FakeCluster, listener: str) -> Any:
    return present_condition(listener, cluster.objects[GATEWAY][GW].get("status", {})) or {}


@pytest.fixture(autouse=True)
def _one_is_spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """No object of the API comes to a listener that Envoy refuses, so the one on port BAD has each chain twice."""
    encode = listener_resource.encode_listener

    def spoilt(listener: Listener) -> EncodedResource:
        return encode(replace(listener, chains=listener.chains * 2) if listener.port == BAD else listener)

    monkeypatch.setattr(encoder, "encode_listener", spoilt)


async def test_a_refused_listener_is_named_and_holds_up_no_other(socket_folder: Path) -> None:
    cluster = FakeCluster()
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(listeners=listeners(**PORTS)))
    await cluster.create(GRPC_ROUTE, grpc_route())
    await cluster.create(SERVICE, service())
    async with grpc_backends(["127.24.2.6"]) as backends, controlled(cluster, socket_folder):
        (endpoint,) = backends.endpoints
        me = f"{endpoint.address}:{endpoint.port}"
        await cluster.create(ENDPOINT_SLICE, endpoint_slice(endpoint.address, port=endpoint.port))
        await eventually(lambda: is_programmed(cluster))
        async with traffic(f"{ADDRESS}:{STEADY}") as met:
            await changed(cluster, bad=BAD, new=NEW)
            await eventually(lambda: told(cluster, "bad").get("reason") == "Invalid")
            await eventually(lambda: told(cluster, "new").get("status") == "True")
            assert f"Envoy refused listener port-{BAD}: " in told(cluster, "bad")["message"]
            assert "same matching rules" in told(cluster, "bad")["message"]
            assert is_programmed(cluster)
            assert "not served: listener bad, see" in programmed(cluster)["message"]
            assert [told(cluster, name)["status"] for name in PORTS] == ["True", "True"]
            assert (await answer(NEW), await answer(BAD)) == (me, "UNAVAILABLE")
            await changed(cluster, bad=BETTER, new=NEW)
            await eventually(lambda: told(cluster, "bad").get("status") == "True")
            assert await answer(BETTER) == me
        assert set(met.answers) == {me}


async def changed(cluster: FakeCluster, **ports: int) -> None:
    await cluster.patch(GATEWAY, GW, {"spec": {"listeners": listeners(**PORTS, **ports)}})


async def answer(port: int) -> str:
    async with grpc_channel(f"{ADDRESS}:{port}") as channel:
        return await call(channel)
