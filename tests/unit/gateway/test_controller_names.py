"""Two controllers on one cluster: each serves the classes of its own name and leaves the other's alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from fake_cluster import FakeCluster
from gatelab.gateway import GatewayController, naming
from gatelab.kinds.builtin import DEPLOYMENT, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gateway_objects import SETTINGS, FakeXds, gateway, gateway_class, grpc_route, service

OTHER = "example.com/other"
ROUTE = Key("default", "route")
pytestmark = pytest.mark.usefixtures("both_running")


@pytest.fixture
def other_xds() -> FakeXds:
    return FakeXds()


@pytest_asyncio.fixture
async def both_running(cluster: FakeCluster, xds: FakeXds, other_xds: FakeXds) -> AsyncIterator[None]:
    """The controller of a lab and one of another name."""
    settings = replace(SETTINGS, controllers={OTHER: naming(OTHER)})
    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(GatewayController(cluster, xds, SETTINGS).run()),
            tasks.create_task(GatewayController(cluster, other_xds, settings).run()),
        ]
        yield
        for each in both:
            each.cancel()


async def apply_both(cluster: FakeCluster, eventually: Any) -> None:
    """A Gateway of each class and a route on both, with an address for each data plane."""
    other_class = gateway_class("other")
    other_class["spec"]["controllerName"] = OTHER
    for each in (other_class, gateway_class()):
        await cluster.create(GATEWAY_CLASS, each)
    await cluster.create(SERVICE, service())
    await cluster.create(GATEWAY, gateway("a"))
    await cluster.create(GATEWAY, gateway("b", gatewayClassName="other"))
    await cluster.create(GRPC_ROUTE, grpc_route(parentRefs=[{"name": "a"}, {"name": "b"}]))
    for number, name in enumerate(("a-gatelab", "b-other"), start=20):
        key = Key("default", name)
        await eventually(lambda key=key: key in cluster.objects.get(SERVICE, {}))
        ingress = {"loadBalancer": {"ingress": [{"ip": f"127.24.0.{number}"}]}}
        await cluster.patch(SERVICE, key, {"status": ingress}, subresource="status")


def parents(cluster: FakeCluster) -> dict[str, str]:
    told = cluster.objects[GRPC_ROUTE][ROUTE].get("status", {}).get("parents") or ()
    return {each["parentRef"]["name"]: each["controllerName"] for each in told}


async def test_each_serves_its_own(cluster: FakeCluster, xds: FakeXds, other_xds: FakeXds, eventually: Any) -> None:
    await apply_both(cluster, eventually)
    await eventually(lambda: xds.configs and other_xds.configs)
    assert (set(xds.configs), set(other_xds.configs)) == ({"default/a"}, {"default/b"})
    assert other_xds.configs["default/b"].listeners[0].address == "127.24.0.21"
    await eventually(lambda: len(cluster.objects[DEPLOYMENT]) == 2)
    assert set(cluster.objects[DEPLOYMENT]) == {Key("default", "a-gatelab"), Key("default", "b-other")}
    for name in ("gatelab", "other"):
        told = cluster.objects[GATEWAY_CLASS][Key("", name)].get("status", {}).get("conditions", ())
        assert (condition(told, "Accepted") or {})["status"] == "True"


async def test_each_keeps_the_other_s_word_on_a_route(cluster: FakeCluster, eventually: Any) -> None:
    await apply_both(cluster, eventually)
    both = {"a": "gatelab.dev/gateway-controller", "b": OTHER}
    await eventually(lambda: parents(cluster) == both)
    await cluster.delete(GATEWAY, Key("default", "b"))
    await eventually(lambda: parents(cluster) == {"a": both["a"]})


async def test_a_gateway_that_changes_hands_gets_the_other_s_data_plane(cluster: FakeCluster, eventually: Any) -> None:
    await apply_both(cluster, eventually)
    await eventually(lambda: len(cluster.objects.get(DEPLOYMENT, {})) == 2)
    patch = {"metadata": {"generation": 2}, "spec": {"gatewayClassName": "other"}}
    await cluster.patch(GATEWAY, Key("default", "a"), patch)
    wanted = {Key("default", "a-other"), Key("default", "b-other")}
    await eventually(lambda: set(cluster.objects[DEPLOYMENT]) == wanted)
