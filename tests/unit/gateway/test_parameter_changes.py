"""What a change of parameters does: to the objects of a data plane, to its model, to statuses."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, GATEWAY, GATEWAY_CLASS, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gateway_objects import FakeXds, gateway, gateway_class

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]
GW, DATA_PLANE, TUNING = Key("default", "gw"), Key("default", "gw-gatelab"), Key("default", "tuning")
REFERENCE = {"group": "", "kind": "ConfigMap", "name": "tuning"}

pytestmark = pytest.mark.usefixtures("running")


async def apply(cluster: FakeCluster, **data: str) -> None:
    metadata = {"name": "tuning", "namespace": "default"}
    named = {key.replace("_", "."): value for key, value in data.items()}
    await cluster.create(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": named})
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(infrastructure={"parametersRef": REFERENCE}))


async def say(cluster: FakeCluster, **data: str | None) -> None:
    """None takes a key away."""
    await cluster.patch(CONFIG_MAP, TUNING, {"data": {key.replace("_", "."): value for key, value in data.items()}})


def deployment(cluster: FakeCluster) -> Any:
    return cluster.objects.get(DEPLOYMENT, {}).get(DATA_PLANE)


def container(cluster: FakeCluster) -> Any:
    return deployment(cluster)["spec"]["template"]["spec"]["containers"][0]


def accepted(cluster: FakeCluster) -> Any:
    conditions = cluster.objects[GATEWAY][GW].get("status", {}).get("conditions", ())
    return condition(conditions, "Accepted") or {}


async def test_pods_are_made_as_the_parameters_say(cluster: FakeCluster, eventually: Eventually) -> None:
    await apply(cluster, workers="3", replicas="2", limits_memory="256Mi", requests_cpu="100m")
    await eventually(lambda: deployment(cluster))
    assert deployment(cluster)["spec"]["replicas"] == 2
    arguments = container(cluster)["args"]
    assert arguments[arguments.index("--concurrency") + 1] == "3"
    limits, requests = {"memory": "256Mi"}, {"memory": "256Mi", "cpu": "100m"}
    assert container(cluster)["resources"] == {"limits": limits, "requests": requests}
    await say(cluster, replicas="1", limits_memory=None)
    await eventually(lambda: deployment(cluster)["spec"]["replicas"] == 1)
    assert container(cluster)["resources"] == {"requests": {"cpu": "100m"}}


async def test_without_a_word_on_it_people_say_how_many(cluster: FakeCluster, eventually: Eventually) -> None:
    await apply(cluster)
    await eventually(lambda: deployment(cluster))
    assert deployment(cluster)["spec"]["replicas"] == 1
    await cluster.patch(DEPLOYMENT, DATA_PLANE, {"spec": {"replicas": 5}})
    await say(cluster, workers="2")
    await eventually(lambda: "2" in container(cluster)["args"])
    assert deployment(cluster)["spec"]["replicas"] == 5


async def test_a_mistake_is_told_and_the_data_plane_serves_on(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply(cluster, accessLog="text")
    await eventually(lambda: DATA_PLANE in cluster.objects.get(SERVICE, {}))
    ingress = {"loadBalancer": {"ingress": [{"ip": "127.24.0.20"}]}}
    await cluster.patch(SERVICE, DATA_PLANE, {"status": ingress}, subresource="status")
    before = await eventually(lambda: xds.configs.get("default/gw"))
    await say(cluster, accessLog="loud")
    await eventually(lambda: accepted(cluster).get("reason") == "InvalidParameters")
    assert "key accessLog: 'loud' will not do: write one of off, text, json" in accepted(cluster)["message"]
    assert xds.configs["default/gw"] == before
    await say(cluster, accessLog="json")
    await eventually(lambda: accepted(cluster).get("status") == "True")
    await eventually(lambda: xds.configs["default/gw"] != before)


async def test_a_class_in_error_takes_nothing_from_its_gateways(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply(cluster)
    await eventually(lambda: DATA_PLANE in cluster.objects.get(SERVICE, {}))
    ingress = {"loadBalancer": {"ingress": [{"ip": "127.24.0.20"}]}}
    await cluster.patch(SERVICE, DATA_PLANE, {"status": ingress}, subresource="status")
    before = await eventually(lambda: xds.configs.get("default/gw"))
    missing = {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "nobody", "namespace": "default"}}
    await cluster.patch(GATEWAY_CLASS, Key("", "gatelab"), {"spec": missing})
    await eventually(lambda: "ConfigMap default/nobody does not exist" in accepted(cluster).get("message", ""))
    assert xds.configs["default/gw"] == before
    assert deployment(cluster)
