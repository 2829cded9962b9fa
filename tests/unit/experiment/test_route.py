"""Which rule takes the experiment's calls, as its reader would say."""

from collections.abc import Callable
from typing import Any

import pytest

from gatelab.cluster.port import Cluster
from gatelab.experiment.file import Experiment
from gatelab.experiment.place import Place
from gatelab.experiment.routes.match import takes_host
from gatelab.experiment.routes.route import Routed, RoutedBackend, Unknown, find_route
from gatelab.kinds.builtin import GATEWAY, GRPC_ROUTE, HTTP_ROUTE, LISTENER_SET
from gatelab.kinds.objects import Key

MakeCluster = Callable[..., Cluster]
EXPERIMENT = Experiment(experiment="x", target="shop.test:443", service="shop/till:80", proto="p", call="c")
METHOD = "/greetings.GreetMe/Send"
PLACE = Place("127.28.128.1")
TILL = RoutedBackend(Key("shop", "till"), 80, 1.0)


def rule(*backends: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"backendRefs": list(backends or ({"name": "till", "port": 80},)), **fields}


def route(name: str, *rules: dict[str, Any], parent: str = "front", **spec: Any) -> dict[str, Any]:
    spec = {"parentRefs": [{"name": parent}], "rules": list(rules or (rule(),)), **spec}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def gateway(name: str, address: str) -> tuple[Any, dict[str, Any]]:
    status = {"addresses": [{"type": "IPAddress", "value": address}]}
    return GATEWAY, {"metadata": {"name": name, "namespace": "shop"}, "status": status}


def method(service: str = "", name: str = "", **fields: Any) -> dict[str, Any]:
    return {"matches": [{"method": {"service": service, "method": name, **fields}}]}


async def found(make_cluster: MakeCluster, *objects: tuple[Any, dict[str, Any]]) -> Routed | Unknown:
    return await find_route(EXPERIMENT, METHOD, PLACE, make_cluster(objects))


async def test_the_only_route(make_cluster: MakeCluster) -> None:
    said = await found(make_cluster, (GRPC_ROUTE, route("calls")))
    assert said == Routed(Key("shop", "front"), "shop/calls rule 0", (TILL,))
    assert not said.is_weighted


async def test_weights_become_shares_and_a_port_named_twice_is_one_backend(make_cluster: MakeCluster) -> None:
    references = (
        {"name": "till", "port": 80, "weight": 6},
        {"name": "canary", "port": 80, "weight": 1, "namespace": "other"},
        {"name": "till", "port": 80, "weight": 3},
        {"name": "off", "port": 80, "weight": 0},
    )
    said = await found(make_cluster, (GRPC_ROUTE, route("calls", rule(*references))))
    assert isinstance(said, Routed)
    assert {each.name: each.share for each in said.backends} == {
        "shop/till:80": 0.9,
        "other/canary:80": 0.1,
        "shop/off:80": 0.0,
    }
    assert said.is_weighted


@pytest.mark.parametrize(
    ("rules", "index"),
    [
        ([rule(), rule(**method("greetings.GreetMe"))], 1),
        ([rule(**method("greetings.GreetMe", "Send")), rule(**method("greetings.GreetMe"))], 0),
        ([rule(**method(name="Send")), rule(**method("greetings.GreetMe"))], 1),
        ([rule(**method("other.Service")), rule()], 1),
        ([rule(matches=[{"headers": [{"name": "a", "value": "b"}]}]), rule()], 1),
        ([rule(**method("greetings[.].*", type="RegularExpression")), rule()], 1),
    ],
)
async def test_the_most_specific_rule(make_cluster: MakeCluster, rules: list[dict[str, Any]], index: int) -> None:
    said = await found(make_cluster, (GRPC_ROUTE, route("calls", *rules)))
    assert isinstance(said, Routed)
    assert said.route == f"shop/calls rule {index}"


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"path": {"type": "PathPrefix", "value": "/greetings.GreetMe"}}, True),
        ({"path": {"type": "PathPrefix", "value": "/greetings.Greet"}}, False),
        ({"path": {"type": "Exact", "value": METHOD}}, True),
        ({"path": {"type": "PathPrefix", "value": "/"}, "method": "POST"}, True),
        ({"path": {"type": "PathPrefix", "value": "/"}, "method": "GET"}, False),
    ],
)
async def test_http_routes_by_path(make_cluster: MakeCluster, match: dict[str, Any], taken: bool) -> None:
    said = await found(make_cluster, (HTTP_ROUTE, route("pages", rule(matches=[match]))))
    assert isinstance(said, Routed) is taken


async def test_the_gateway_at_the_targets_address(make_cluster: MakeCluster) -> None:
    routes = [(GRPC_ROUTE, route("calls", parent=name)) for name in ("front", "back")]
    gateways = [gateway("front", "127.28.128.9"), gateway("back", "127.28.128.1")]
    said = await found(make_cluster, *routes, *gateways)
    assert isinstance(said, Routed)
    assert said.gateway == Key("shop", "back")


async def test_several_that_cannot_be_told_apart_are_not_guessed(make_cluster: MakeCluster) -> None:
    said = await found(make_cluster, *((GRPC_ROUTE, route("calls", parent=name)) for name in ("front", "back")))
    assert isinstance(said, Unknown)
    assert said.reason.startswith("several rules may take the calls: shop/calls rule 0 of Gateway shop/back, ")


async def test_a_listener_set_leads_to_its_gateway(make_cluster: MakeCluster) -> None:
    parent = {"kind": "ListenerSet", "name": "more"}
    above = {"metadata": {"name": "more", "namespace": "shop"}, "spec": {"parentRef": {"name": "front"}}}
    said = await found(make_cluster, (GRPC_ROUTE, route("calls", parentRefs=[parent])), (LISTENER_SET, above))
    assert isinstance(said, Routed)
    assert said.gateway == Key("shop", "front")


@pytest.mark.parametrize("changes", [{"hostnames": ["other.test"]}, {"rules": [rule({"name": "other", "port": 80})]}])
async def test_no_route_is_said(make_cluster: MakeCluster, changes: dict[str, Any]) -> None:
    said = await found(make_cluster, (GRPC_ROUTE, route("calls", **changes)))
    assert isinstance(said, Unknown)
    assert said.reason == f"no GRPCRoute or HTTPRoute leads from shop.test:443{METHOD} to shop/till:80"


@pytest.mark.parametrize(
    ("hostnames", "taken"),
    [
        ((), True),
        (("shop.test",), True),
        (("*.test",), True),
        (("*.shop.test",), False),
        (("a.test", "shop.test"), True),
        (("hop.test",), False),
    ],
)
def test_hostnames(hostnames: tuple[str, ...], taken: bool) -> None:
    assert takes_host(hostnames, "Shop.test") is taken
