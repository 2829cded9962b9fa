"""The controller on a cluster in memory: what it publishes, makes and writes."""

import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.kinds.builtin import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from gatelab.kinds.conditions import condition
from gatelab.kinds.errors import Unavailable
from gatelab.kinds.objects import Key
from gatelab.proxy.model import Acceptance, Endpoint, ProxyConfig
from gateway_objects import FakeXds, endpoint_slice, gateway, gateway_class, grpc_route, secret, service

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]
GW = Key("default", "gw")
DATA_PLANE = Key("default", "gw-gatelab")
PROXY = "default/gw"
CONNECTED = Acceptance(connected=True)

pytestmark = pytest.mark.usefixtures("running")


async def apply_base(cluster: FakeCluster) -> None:
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(SERVICE, service())
    await cluster.create(GATEWAY, gateway())
    await cluster.create(GRPC_ROUTE, grpc_route())


async def give_address(cluster: FakeCluster, eventually: Eventually, key: Key = DATA_PLANE) -> None:
    await eventually(lambda: key in cluster.objects.get(SERVICE, {}))
    ingress = {"loadBalancer": {"ingress": [{"ip": "127.24.0.20"}]}}
    await cluster.patch(SERVICE, key, {"status": ingress}, subresource="status")


def status(cluster: FakeCluster, kind: Any, key: Key) -> Any:
    return cluster.objects.get(kind, {}).get(key, {}).get("status", {})


def programmed(cluster: FakeCluster) -> Any:
    return condition(status(cluster, GATEWAY, GW).get("conditions", ()), "Programmed")


def is_programmed(cluster: FakeCluster) -> bool:
    found = programmed(cluster)
    return found is not None and found["status"] == "True"


async def test_the_data_plane_is_made_and_gets_its_configuration(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await cluster.create(ENDPOINT_SLICE, endpoint_slice("127.24.1.1"))
    await give_address(cluster, eventually)
    await eventually(lambda: PROXY in xds.configs)
    assert [(each.address, each.port) for each in xds.configs[PROXY].listeners] == [("127.24.0.20", 80)]
    assert xds.endpoints[PROXY] == {"default/hello:8080": (Endpoint("127.24.1.1", 3000),)}
    for kind in (SERVICE, SERVICE_ACCOUNT, DEPLOYMENT):
        metadata = (await cluster.get(kind, DATA_PLANE))["metadata"]
        assert metadata["ownerReferences"][0]["uid"] == "uid-of-gw"
        assert metadata["labels"]["gateway.networking.k8s.io/gateway-name"] == "gw"


async def test_programmed_waits_for_envoy(cluster: FakeCluster, xds: FakeXds, eventually: Eventually) -> None:
    await apply_base(cluster)
    await eventually(lambda: (programmed(cluster) or {}).get("reason") == "AddressNotAssigned")
    await give_address(cluster, eventually)
    await eventually(lambda: (programmed(cluster) or {}).get("reason") == "Pending")
    waiting = Acceptance(connected=True, pending={"endpoints": frozenset({"default/hello:8080"})})
    xds.tell(PROXY, waiting)
    await eventually(lambda: "endpoints default/hello:8080" in programmed(cluster)["message"])
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: is_programmed(cluster))
    found = status(cluster, GATEWAY, GW)
    assert found["addresses"] == [{"type": "IPAddress", "value": "127.24.0.20"}]
    assert found["listeners"][0]["attachedRoutes"] == 1
    assert {each["observedGeneration"] for each in found["conditions"]} == {1}
    assert condition(found["listeners"][0]["conditions"], "Programmed")["status"] == "True"  # type: ignore[index]


async def test_programmed_does_not_flicker_while_routes_change(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: is_programmed(cluster))
    xds.tell(PROXY, Acceptance(connected=True, pending={"route_table": frozenset({"port-80"})}))
    await cluster.create(GRPC_ROUTE, grpc_route("second"))
    await eventually(lambda: status(cluster, GATEWAY, GW)["listeners"][0]["attachedRoutes"] == 2)
    assert is_programmed(cluster)
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 2}, "spec": {"infrastructure": {}}})
    await eventually(lambda: not is_programmed(cluster))


async def test_a_refused_listener_says_so_in_envoys_words(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    xds.tell(PROXY, Acceptance(connected=True, rejected={"listener": {"port-80": "cannot bind: in use"}}))
    await eventually(lambda: "cannot bind: in use" in (programmed(cluster) or {}).get("message", ""))
    assert programmed(cluster)["reason"] == "Invalid"


def accepted(cluster: FakeCluster, name: str) -> Any:
    parents = status(cluster, GRPC_ROUTE, Key("default", name)).get("parents") or [{"conditions": ()}]
    return condition(parents[0]["conditions"], "Accepted") or {}


def served(xds: FakeXds) -> set[str]:
    return {
        route.name.split("/")[2]
        for table in xds.configs.get(PROXY, ProxyConfig()).route_tables
        for host in table.hosts
        for route in host.routes
    }


async def test_a_refused_route_is_told_and_holds_up_no_other(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    xds.refused_word = "bad"
    await apply_base(cluster)
    await give_address(cluster, eventually)
    await eventually(lambda: is_programmed(cluster))
    bad, fine = ("bad-one", "bad-two"), ("fine-one", "fine-two")
    for name in (*bad, *fine):
        await cluster.create(GRPC_ROUTE, grpc_route(name))
    await eventually(lambda: all("no bad, please" in accepted(cluster, name).get("message", "") for name in bad))
    await eventually(lambda: served(xds) == {"route", *fine})
    await eventually(lambda: all(accepted(cluster, name).get("status") == "True" for name in ("route", *fine)))


async def test_a_route_made_bad_is_served_as_it_was_until_it_is_mended(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    xds.refused_word = "rule-1"
    await apply_base(cluster)
    await give_address(cluster, eventually)
    await eventually(lambda: is_programmed(cluster))
    rule = grpc_route()["spec"]["rules"][0]
    bad = {"metadata": {"generation": 2}, "spec": {"rules": [rule, rule]}}
    await cluster.patch(GRPC_ROUTE, Key("default", "route"), bad)
    await eventually(lambda: accepted(cluster, "route").get("status") == "False")
    assert served(xds) == {"route"}
    header = {"headers": [{"name": "x", "value": "1"}]}
    mended = {"metadata": {"generation": 3}, "spec": {"rules": [{**rule, "matches": [header]}]}}
    await cluster.patch(GRPC_ROUTE, Key("default", "route"), mended)
    await eventually(lambda: accepted(cluster, "route").get("status") == "True")
    (host,) = xds.configs[PROXY].route_tables[0].hosts
    assert [route.match.headers[0].name for route in host.routes] == ["x"]


async def test_what_cannot_be_encoded_is_a_condition(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    xds.refuse_to_encode = "that is too much"
    await apply_base(cluster)
    await give_address(cluster, eventually)
    await eventually(lambda: "that is too much" in (programmed(cluster) or {}).get("message", ""))


async def test_endpoints_travel_without_a_translation(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await cluster.create(ENDPOINT_SLICE, endpoint_slice("127.24.1.1"))
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: is_programmed(cluster))
    published = xds.publications
    await cluster.update(ENDPOINT_SLICE, endpoint_slice("127.24.1.1", "127.24.1.2"))
    await eventually(lambda: len(xds.endpoints[PROXY]["default/hello:8080"]) == 2)
    assert xds.publications == published


async def test_a_certificate_that_comes_later_is_served(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    tls = {"certificateRefs": [{"name": "certificate"}]}
    listeners = [{"name": "https", "port": 443, "protocol": "HTTPS", "tls": tls}]
    await cluster.create(GATEWAY_CLASS, gateway_class("cilium"))
    await cluster.create(GATEWAY, gateway(gatewayClassName="cilium", listeners=listeners))
    await give_address(cluster, eventually, Key("default", "cilium-gateway-gw"))
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: (programmed(cluster) or {}).get("reason") == "Invalid")
    await cluster.create(SECRET, secret())
    await eventually(lambda: is_programmed(cluster))
    assert [each.name for each in xds.configs[PROXY].certificates] == ["default/certificate"]


async def test_equal_statuses_are_not_written(cluster: FakeCluster, xds: FakeXds, eventually: Eventually) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: is_programmed(cluster))
    version = (await cluster.get(GATEWAY, GW))["metadata"]["resourceVersion"]
    await cluster.create(SERVICE, service("unrelated"))
    xds.tell(PROXY, CONNECTED)
    await cluster.create(GRPC_ROUTE, grpc_route("elsewhere", gateway="nobody"))
    await cluster.create(GATEWAY, gateway("other"))
    await eventually(lambda: status(cluster, GATEWAY, Key("default", "other")))
    assert (await cluster.get(GATEWAY, GW))["metadata"]["resourceVersion"] == version


async def test_drift_is_taken_back_and_the_rest_is_left(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await eventually(lambda: DATA_PLANE in cluster.objects.get(DEPLOYMENT, {}))
    changed = copy.deepcopy(dict(await cluster.get(DEPLOYMENT, DATA_PLANE)))
    changed["spec"]["replicas"] = 3
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    changed["metadata"]["annotations"] = {"theirs": "stays"}
    await cluster.update(DEPLOYMENT, changed)

    def image() -> Any:
        return cluster.objects[DEPLOYMENT][DATA_PLANE]["spec"]["template"]["spec"]["containers"][0]["image"]

    await eventually(lambda: image() == "example.test/envoy:1")
    after = await cluster.get(DEPLOYMENT, DATA_PLANE)
    assert after["spec"]["replicas"] == 3
    assert after["metadata"]["annotations"] == {"theirs": "stays"}


async def test_a_foreign_service_of_the_name_is_not_taken_over(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await cluster.create(SERVICE, service("gw-gatelab"))
    await apply_base(cluster)
    await eventually(lambda: "not this Gateway's" in (programmed(cluster) or {}).get("message", ""))
    # The Deployment is the last of the three to be made.
    await eventually(lambda: DATA_PLANE in cluster.objects.get(DEPLOYMENT, {}))
    assert "ownerReferences" not in (await cluster.get(SERVICE, DATA_PLANE))["metadata"]


async def test_a_gateway_that_changes_its_class_gets_another_data_plane(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await cluster.create(GATEWAY_CLASS, gateway_class("cilium"))
    await eventually(lambda: DATA_PLANE in cluster.objects.get(DEPLOYMENT, {}))
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 2}, "spec": {"gatewayClassName": "cilium"}})
    wanted = {Key("default", "cilium-gateway-gw")}
    for kind in (DEPLOYMENT, SERVICE_ACCOUNT):
        await eventually(lambda kind=kind: set(cluster.objects[kind]) == wanted)  # type: ignore[misc]
    await eventually(lambda: set(cluster.objects[SERVICE]) == wanted | {Key("default", "hello")})


async def test_a_gateway_that_is_given_to_somebody_else_takes_its_data_plane_with_it(
    cluster: FakeCluster, eventually: Eventually
) -> None:
    """Not before the class is there: one that is missing may come back as ours."""
    await apply_base(cluster)
    await eventually(lambda: DATA_PLANE in cluster.objects.get(DEPLOYMENT, {}))
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 2}, "spec": {"gatewayClassName": "istio"}})
    await cluster.create(GATEWAY, gateway("second"))
    await eventually(lambda: Key("default", "second-gatelab") in cluster.objects[DEPLOYMENT])
    deployment = await cluster.get(DEPLOYMENT, DATA_PLANE)
    for name, labels in (("theirs", {"gateway.networking.k8s.io/gateway-class-name": "istio"}), ("nobodys", {})):
        metadata = {**deployment["metadata"], "name": name, "labels": labels}
        await cluster.create(DEPLOYMENT, {**deployment, "metadata": metadata})
    foreign = gateway_class("istio")
    foreign["spec"]["controllerName"] = "istio.io/gateway-controller"
    await cluster.create(GATEWAY_CLASS, foreign)
    for kind in (DEPLOYMENT, SERVICE, SERVICE_ACCOUNT):
        await eventually(lambda kind=kind: DATA_PLANE not in cluster.objects[kind])  # type: ignore[misc]
    assert {Key("default", "theirs"), Key("default", "nobodys")} < set(cluster.objects[DEPLOYMENT])
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 3}, "spec": {"gatewayClassName": "gatelab"}})
    await eventually(lambda: DATA_PLANE in cluster.objects[SERVICE_ACCOUNT])
    await eventually(lambda: DATA_PLANE in cluster.objects[DEPLOYMENT])
    assert {Key("default", "theirs"), Key("default", "nobodys")} < set(cluster.objects[DEPLOYMENT])


async def test_our_word_is_taken_back_when_the_gateway_goes(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    route = Key("default", "route")
    await eventually(lambda: status(cluster, GRPC_ROUTE, route).get("parents"))
    theirs = {"controllerName": "example.com/other", "parentRef": {"name": "x"}, "conditions": []}
    parents = [*status(cluster, GRPC_ROUTE, route)["parents"], theirs]
    await cluster.patch(GRPC_ROUTE, route, {"status": {"parents": parents}})
    await cluster.delete(GATEWAY, GW)
    await eventually(lambda: status(cluster, GRPC_ROUTE, route)["parents"] == [theirs])
    assert PROXY not in xds.configs


async def test_a_write_that_fails_comes_again(cluster: FakeCluster, xds: FakeXds, eventually: Eventually) -> None:
    await cluster.create(GATEWAY_CLASS, gateway_class())
    cluster.refuse = Unavailable("down")
    await eventually(lambda: cluster.refuse is None)
    await eventually(lambda: status(cluster, GATEWAY_CLASS, Key("", "gatelab")))


async def test_of_two_gateways_on_one_static_address_the_second_is_told(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    wanted = [{"type": "IPAddress", "value": "127.24.0.20"}]
    await apply_base(cluster)
    await cluster.patch(GATEWAY, GW, {"spec": {"addresses": wanted}})
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: is_programmed(cluster))
    await cluster.create(GATEWAY, gateway("second", addresses=wanted))
    second = Key("default", "second")
    await eventually(lambda: Key("default", "second-gatelab") in cluster.objects[SERVICE])

    def told() -> Any:
        return condition(status(cluster, GATEWAY, second).get("conditions", ()), "Programmed") or {}

    await eventually(lambda: "Gateway default/gw has it" in told().get("message", ""))
    assert told()["reason"] == "AddressNotUsable"
    assert is_programmed(cluster)


async def test_both_kinds_of_routes_may_share_a_name_and_a_service_port(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await cluster.patch(GRPC_ROUTE, Key("default", "route"), {"spec": {"hostnames": ["grpc.test"]}})
    http = {**grpc_route(hostnames=["http.test"]), "kind": "HTTPRoute"}
    await cluster.create(HTTP_ROUTE, http)
    key = Key("default", "route")
    await eventually(lambda: status(cluster, HTTP_ROUTE, key).get("parents"))
    parents = [status(cluster, kind, key)["parents"][0]["conditions"] for kind in (HTTP_ROUTE, GRPC_ROUTE)]
    assert [condition(each, "Accepted")["status"] for each in parents] == ["True", "True"]  # type: ignore[index]
    protocols = {each.name: each.protocol for each in xds.configs[PROXY].backends}
    assert protocols == {"default/hello:8080": "http2", "default/hello:8080/http1": "http1"}
    assert status(cluster, GATEWAY, GW)["listeners"][0]["attachedRoutes"] == 2


async def test_a_grant_that_goes_takes_its_reference_with_it(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    theirs = service("theirs")
    theirs["metadata"]["namespace"] = "other"
    await cluster.create(SERVICE, theirs)
    rules = [{"backendRefs": [{"name": "theirs", "namespace": "other", "port": 8080}]}]
    await cluster.create(GRPC_ROUTE, grpc_route("across", rules=rules))

    def reason() -> Any:
        parents = status(cluster, GRPC_ROUTE, Key("default", "across")).get("parents") or [{"conditions": ()}]
        return (condition(parents[0]["conditions"], "ResolvedRefs") or {}).get("reason")

    await eventually(lambda: reason() == "RefNotPermitted")
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "GRPCRoute", "namespace": "default"}],
        "to": [{"group": "", "kind": "Service", "name": "theirs"}],
    }
    grant = {"metadata": {"name": "g", "namespace": "other"}, "spec": spec}
    await cluster.create(REFERENCE_GRANT, grant)
    await eventually(lambda: reason() == "ResolvedRefs")
    await cluster.delete(REFERENCE_GRANT, Key("other", "g"))
    await eventually(lambda: reason() == "RefNotPermitted")


async def test_a_status_that_somebody_changes_is_put_right(
    cluster: FakeCluster, xds: FakeXds, eventually: Eventually
) -> None:
    await apply_base(cluster)
    await give_address(cluster, eventually)
    xds.tell(PROXY, CONNECTED)
    await eventually(lambda: accepted(cluster, "route").get("status") == "True" and is_programmed(cluster))
    await cluster.patch(GRPC_ROUTE, Key("default", "route"), {"status": {"parents": []}}, subresource="status")
    await eventually(lambda: accepted(cluster, "route").get("status") == "True")


async def test_an_address_that_is_asked_for_no_longer_is_given_up(cluster: FakeCluster, eventually: Eventually) -> None:
    """A Service that goes on asking for one that cannot be had gets none at all."""

    def wanted() -> Any:
        return cluster.objects.get(SERVICE, {}).get(DATA_PLANE, {"spec": {}})["spec"].get("loadBalancerIP")

    await apply_base(cluster)
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 2}, "spec": {"addresses": [{"value": "1.2.3.4"}]}})
    await eventually(lambda: wanted() == "1.2.3.4")
    await cluster.patch(GATEWAY, GW, {"metadata": {"generation": 3}, "spec": {"addresses": None}})
    await eventually(lambda: wanted() is None)
