"""Work grows with the change: what is read, judged and made again when one of many routes changes."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from gatelab.cluster.port import Applied, Deleted
from gatelab.gateway.intake import LOOKED_AT
from gatelab.gateway.snapshot import RouteId, live_snapshot
from gatelab.gateway.snapshot.live_snapshot import LiveSnapshot
from gatelab.gateway.translate import (
    Memo,
    Translation,
    backend_tls,
    backends,
    cross_serving,
    host_routes,
    routes,
    translate,
)
from gatelab.kinds.builtin import (
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    SERVICE,
)
from gatelab.kinds.gatewayapi import Route
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.proxy.model import ProxyConfig
from gatelab.proxy.resources import CLUSTER
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.subscription import Subscription
from gatelab.reconcile import Mirrors
from gateway_objects import gateway, gateway_class, grpc_route, service

MANY = 30


def host_route(number: int, backend: str = "hello") -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": backend, "port": 8080}]}]
    return grpc_route(f"route-{number}", hostnames=[f"host-{number}.test"], rules=rules)


class Line:
    """A line of translations, and how often each kind of work was done for the last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: Counter[str] = Counter()
        self.mirrors = Mirrors(LOOKED_AT)
        self._memo = Memo()
        for module, name in (
            (live_snapshot, "read"),
            (routes, "candidate"),
            (backends, "destination"),
            (host_routes, "virtual_host"),
            (backend_tls, "backend"),
        ):
            monkeypatch.setattr(module, name, self._counted(name, getattr(module, name)))
        self._live = LiveSnapshot(self.mirrors)
        for kind, obj in ((GATEWAY_CLASS, gateway_class()), (GATEWAY, gateway()), (SERVICE, service())):
            self.put(kind, obj)
        for number in range(MANY):
            self.put(GRPC_ROUTE, host_route(number))
        self.translation = self.next()

    def put(self, kind: Any, obj: dict[str, Any]) -> None:
        self.mirrors.of(kind).apply(Applied(obj))

    def next(self) -> Translation:
        self.work.clear()
        found = self._live.refresh()
        addresses = dict.fromkeys(found.gateways, "127.24.0.10")
        return translate(dataclasses.replace(found, addresses=addresses), memo=self._memo)

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            self.work[name] += 1
            return function(*arguments)

        return counting


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def test_at_first_there_is_everything_to_do(line: Line) -> None:
    # One host is the listener's own, for what no route wants; Secrets are read apart.
    assert line.work == {
        "read": MANY + 3,
        "candidate": MANY,
        "destination": MANY,
        "virtual_host": MANY + 1,
        "backend": 1,
    }


def test_a_new_route_makes_one_host(line: Line) -> None:
    line.put(GRPC_ROUTE, host_route(MANY))
    line.next()
    assert line.work == {"read": 1, "candidate": 1, "destination": 1, "virtual_host": 1}


def test_a_route_that_goes_makes_none(line: Line) -> None:
    line.mirrors.of(GRPC_ROUTE).apply(Deleted(host_route(3)))
    translation = line.next()
    assert line.work == {}
    (gateway_,) = translation.gateways.values()
    assert gateway_.config is not None
    assert len(gateway_.config.route_tables[0].hosts) == MANY


def test_a_status_changes_nothing(line: Line) -> None:
    line.put(GRPC_ROUTE, {**host_route(3), "status": {"parents": []}})
    translation = line.next()
    assert line.work == {"read": 1}
    told, before = translation.routes, line.translation.routes
    assert all(told[id_] is parents for id_, parents in before.items())


def test_a_service_concerns_the_routes_to_it(line: Line) -> None:
    line.put(SERVICE, service("other"))
    line.put(GRPC_ROUTE, host_route(3, "other"))
    line.next()
    line.put(SERVICE, {**service("other"), "metadata": {"name": "other", "namespace": "default", "uid": "new"}})
    line.next()
    assert line.work == {"read": 1, "candidate": 1, "destination": 1, "virtual_host": 1}
    assert line.mirrors.of(SERVICE).get(Key("default", "other")) is not None


def test_a_kind_that_meets_another_concerns_the_routes_of_its_hostnames(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    in_the_way = cross_serving.in_the_way

    def counted(listener: str, routes: Sequence[Route]) -> Mapping[RouteId, RouteId]:
        asked.append(len(routes))
        return in_the_way(listener, routes)

    monkeypatch.setattr(cross_serving, "in_the_way", counted)
    line.put(HTTP_ROUTE, {**host_route(3), "kind": "HTTPRoute"})
    line.next()
    line.put(GRPC_ROUTE, host_route(MANY))
    line.next()
    assert asked == [2, 1]


def test_an_envoy_is_judged_by_what_has_changed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    proxies, session, judged = Proxies(many_hosts=1), Session(), list[str]()
    proxies.receive(session, DeltaDiscoveryRequest(type_url=CLUSTER, node=Node(cluster="p")), lambda: None)
    judge = Subscription._judge

    def counted(subscription: Subscription, name: str) -> None:
        judged.append(name)
        judge(subscription, name)

    monkeypatch.setattr(Subscription, "_judge", counted)
    for change in (host_route(0), host_route(MANY), host_route(MANY, "other")):
        judged.clear()
        line.put(GRPC_ROUTE, change)
        (outcome,) = line.next().gateways.values()
        proxies.publish("p", outcome.config or ProxyConfig())
        proxies.publish_endpoints("p", PersistentMap())
        session.responses()
    assert [each for each in judged if "host-" in each] == [f"port-80/host-{MANY}.test"]
