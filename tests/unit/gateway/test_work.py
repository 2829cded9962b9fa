"""Work grows with the change: what is read, judged and made again when one of many routes changes."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gatelab.cluster.port import Applied, Deleted
from gatelab.gateway import live_snapshot
from gatelab.gateway.intake import LOOKED_AT
from gatelab.gateway.live_snapshot import LiveSnapshot
from gatelab.gateway.translate import Memo, Translation, backends, host_routes, routes, translate
from gatelab.kinds.builtin import (
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    SERVICE,
)
from gatelab.kinds.objects import Key
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
    assert line.work == {"read": MANY + 3, "candidate": MANY, "destination": MANY, "virtual_host": MANY + 1}


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
