"""ListenerSets on a cluster in memory: what they are told, and what their Gateway's data plane gets of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.kinds.builtin import GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, LISTENER_SET, NAMESPACE, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gatelab.proxy.model import Acceptance
from gateway_objects import FakeXds, gateway, gateway_class, grpc_route, listener_set, service

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]
GW, SET = Key("default", "gw"), Key("default", "set")
DATA_PLANE = Key("default", "gw-gatelab")
PROXY = "default/gw"
CONNECTED = Acceptance(connected=True)
SAME = {"namespaces": {"from": "Same"}}

pytestmark = pytest.mark.usefixtures("running")


async def apply_base(cluster: FakeCluster, eventually: Eventually, **spec: Any) -> None:
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(SERVICE, service())
    await cluster.create(GATEWAY, gateway(allowedListeners=SAME, **spec))
    await cluster.create(LISTENER_SET, listener_set())
    await eventually(lambda: DATA_PLANE in cluster.objects.get(SERVICE, {}))
    ingress = {"loadBalancer": {"ingress": [{"ip": "127.24.0.20"}]}}
    await cluster.patch(SERVICE, DATA_PLANE, {"status": ingress}, subresource="status")


def status(cluster: FakeCluster, kind: Any = LISTENER_SET, key: Key = SET) -> Any:
    return cluster.objects.get(kind, {}).get(key, {}).get("status", {})


def told(cluster: FakeCluster, type_: str) -> tuple[str, str]:
    found = condition(status(cluster).get("conditions", ()), type_) or {}
    return found.get("status", ""), found.get("reason", "")


async def test_a_set_is_programmed_when_envoy_has_its_listeners(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster, eventually)
    await eventually(lambda: told(cluster, "Accepted") == ("True", "Accepted"))
    xds.tell(PROXY, Acceptance(connected=True, pending={"listener": frozenset({"port-81"})}))
    await eventually(lambda: told(cluster, "Programmed") == ("False", "Pending"))
    await eventually(lambda: programmed_gateway(cluster))
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: told(cluster, "Programmed") == ("True", "Programmed"))
    (entry,) = status(cluster)["listeners"]
    assert (entry["name"], entry["attachedRoutes"]) == ("more", 0)
    assert status(cluster, GATEWAY, GW)["attachedListenerSets"] == 1
    assert [each["name"] for each in status(cluster, GATEWAY, GW)["listeners"]] == ["http"]


def programmed_gateway(cluster: FakeCluster) -> bool:
    """A set that waits does not hold up its Gateway."""
    found = condition(status(cluster, GATEWAY, GW).get("conditions", ()), "Programmed")
    return found is not None and found["status"] == "True"


async def test_the_data_planes_service_has_the_ports_of_sets(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster, eventually)

    def ports() -> list[int]:
        return [each["port"] for each in cluster.objects[SERVICE][DATA_PLANE]["spec"]["ports"]]

    await eventually(lambda: ports() == [80, 81])
    await cluster.delete(LISTENER_SET, SET)
    await eventually(lambda: ports() == [80])
    await eventually(lambda: status(cluster, GATEWAY, GW)["attachedListenerSets"] == 0)


async def test_a_conflict_is_told_to_the_loser_with_its_reason(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await cluster.create(LISTENER_SET, listener_set("set", listeners=[{"name": "l", "port": 80, "protocol": "HTTP"}]))
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(GATEWAY, gateway(allowedListeners=SAME))
    await eventually(lambda: told(cluster, "Accepted") == ("False", "ListenersNotValid"))
    assert told(cluster, "Programmed") == ("False", "ListenersNotValid")
    (entry,) = status(cluster)["listeners"]
    reasons = {each["type"]: (each["status"], each["reason"]) for each in entry["conditions"]}
    assert reasons["Conflicted"] == ("True", "HostnameConflict")
    assert reasons["Programmed"] == ("False", "HostnameConflict")


async def test_a_label_of_a_namespace_lets_a_set_in(cluster: FakeCluster, xds: FakeXds, eventually: Eventually) -> None:
    selector = {"from": "Selector", "selector": {"matchLabels": {"team": "blue"}}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    await cluster.create(NAMESPACE, namespace)
    await apply_base(cluster, eventually)
    await cluster.patch(GATEWAY, GW, {"spec": {"allowedListeners": {"namespaces": selector}}})
    await eventually(lambda: told(cluster, "Accepted") == ("False", "NotAllowed"))
    assert told(cluster, "Programmed") == ("False", "NotAllowed")
    await cluster.patch(NAMESPACE, Key("", "default"), {"metadata": {"labels": {"team": "blue"}}})
    await eventually(lambda: told(cluster, "Accepted") == ("True", "Accepted"))


async def test_what_was_said_of_a_set_is_taken_back_when_its_gateway_goes(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster, eventually)
    route = grpc_route(parentRefs=[{"name": "set", "kind": "ListenerSet"}])
    await cluster.create(GRPC_ROUTE, route)
    await eventually(lambda: told(cluster, "Accepted") == ("True", "Accepted"))
    await eventually(lambda: status(cluster, GRPC_ROUTE, Key("default", "route")).get("parents"))
    await cluster.delete(GATEWAY, GW)
    await eventually(lambda: told(cluster, "Accepted") == ("Unknown", "Pending"))
    assert "listeners" not in status(cluster)
    await eventually(lambda: status(cluster, GRPC_ROUTE, Key("default", "route"))["parents"] == [])
    await cluster.create(GATEWAY, gateway(allowedListeners=SAME))
    await eventually(lambda: told(cluster, "Accepted") == ("True", "Accepted"))


async def test_a_set_of_nobody_is_left_alone(cluster: FakeCluster, xds: FakeXds, eventually: Eventually) -> None:
    await cluster.create(LISTENER_SET, listener_set("lost", gateway="nobody"))
    version = (await cluster.get(LISTENER_SET, Key("default", "lost")))["metadata"]["resourceVersion"]
    await apply_base(cluster, eventually)
    await eventually(lambda: told(cluster, "Accepted") == ("True", "Accepted"))
    assert (await cluster.get(LISTENER_SET, Key("default", "lost")))["metadata"]["resourceVersion"] == version
