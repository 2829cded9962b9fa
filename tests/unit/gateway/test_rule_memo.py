"""The memo of rules: the same rules while nothing of theirs changes, new ones when something does."""

import copy
import dataclasses
from typing import Any

import pytest

from gatelab.cluster.port import Replaced
from gatelab.gateway.intake import LOOKED_AT
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.live_snapshot import LiveSnapshot
from gatelab.gateway.translate.routes import translated_rules
from gatelab.gateway.translate.rule_memo import RuleMemo
from gatelab.kinds.builtin import (
    GRPC_ROUTE,
    REFERENCE_GRANT,
    SERVICE,
)
from gatelab.kinds.kind import Kind
from gatelab.reconcile import Mirrors
from gateway_objects import grpc_route, service

Objects = dict[Kind, list[dict[str, Any]]]


def followed() -> tuple[Mirrors, LiveSnapshot]:
    mirrors = Mirrors(LOOKED_AT)
    return mirrors, LiveSnapshot(mirrors)


def refreshed(objects: Objects, live: tuple[Mirrors, LiveSnapshot]) -> Snapshot:
    mirrors, snapshot = live
    for kind in LOOKED_AT:
        mirrors.of(kind).apply(Replaced(objects.get(kind, [])))
    return snapshot.refresh()


def rules(objects: Objects, live: tuple[Mirrors, LiveSnapshot], memo: RuleMemo) -> Any:
    snapshot = refreshed(objects, live)
    (route,) = snapshot.routes.values()
    found = memo(route, snapshot)
    assert found == translated_rules(route, snapshot)
    return found


def start() -> Objects:
    return {GRPC_ROUTE: [grpc_route()], SERVICE: [service(), service("other")]}


def test_what_has_not_changed_is_not_translated_again() -> None:
    objects, live, memo = start(), followed(), RuleMemo()
    first = rules(objects, live, memo)
    objects[SERVICE][1] = service("other")
    assert rules(objects, live, memo) is first


def changed_route(objects: Objects) -> None:
    objects[GRPC_ROUTE] = [grpc_route(rules=[])]


def changed_service(objects: Objects) -> None:
    objects[SERVICE][0] = copy.deepcopy(objects[SERVICE][0])
    objects[SERVICE][0]["spec"]["ports"][0]["port"] = 1


def gone_service(objects: Objects) -> None:
    del objects[SERVICE][0]


def new_grant(objects: Objects) -> None:
    spec = {"from": [{"kind": "GRPCRoute", "namespace": "x"}], "to": [{"kind": "Service"}]}
    objects[REFERENCE_GRANT] = [{"metadata": {"name": "g", "namespace": "default"}, "spec": spec}]


@pytest.mark.parametrize("change", [changed_route, changed_service, gone_service, new_grant])
def test_what_has_changed_is(change: Any) -> None:
    objects, live, memo = start(), followed(), RuleMemo()
    first = rules(objects, live, memo)
    change(objects)
    assert rules(objects, live, memo) is not first


def test_an_object_that_cannot_be_read_is_told_each_time() -> None:
    live = followed()
    broken = {"metadata": {"name": "x", "namespace": "n"}, "spec": {"rules": 1}}
    for _ in range(2):
        snapshot = refreshed({GRPC_ROUTE: [broken]}, live)
        assert dataclasses.replace(snapshot, problems=()) == Snapshot()
        assert "GRPCRoute n/x cannot be read" in snapshot.problems[0]
