"""Statuses are such that the API takes them, however much there is to say and whoever else has said something."""

from typing import Any

import pytest

from absurd_gateways import absurd
from absurd_values import Whim
from gatelab.gateway.snapshot import ROUTES
from gatelab.gateway.status.programmed import DataPlaneState
from gatelab.gateway.status.statuses import (
    MOST_PARENTS,
    class_status,
    gateway_status,
    listener_set_status,
    route_status,
)
from gatelab.gateway.translate import Translation, translate
from gatelab.gateway.translate.gateway_class import CONTROLLER_NAMES, GATELAB
from gatelab.gateway.translate.observations import ACCEPTED, holds
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.kinds.builtin import GATEWAY, GATEWAY_CLASS, HTTP_ROUTE, LISTENER_SET
from gatelab.kinds.gatewayapi import ParentReference
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.kinds.schemas.catalogue import schema_of
from gatelab.kinds.schemas.check import rule_problems, type_problems
from gatelab.proxy.model import Acceptance
from golden_cases import case_paths, completed, kind_of, read_case, shared_objects, snapshot

NOW = "2026-01-01T00:00:00Z"
SAID = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "lastTransitionTime": NOW}
FOREIGN = {"parentRef": {"name": "theirs"}, "controllerName": "x.org/other", "conditions": [SAID]}
MANY = 100
STATE = DataPlaneState(Acceptance(connected=True), "127.0.0.2")


def told(number: int, message: str = "fine") -> list[ParentOutcome]:
    accepted = (holds(ACCEPTED, 1, message=message),)
    return [
        ParentOutcome(ParentReference(name=f"gw{index}"), GATELAB, accepted, Key("default", f"gw{index}"))
        for index in range(number)
    ]


def misfits(kind: Kind, status: Any) -> list[str]:
    """What the schema has against the status; the object around it is none of it."""
    obj = {"status": status}
    found = (*type_problems(schema_of(kind), obj), *rule_problems(schema_of(kind), obj))
    return [str(each) for each in found if each.field.startswith("status")]


def is_admitted(obj: Any) -> bool:
    """Whether the schema has nothing against it: the API takes no others."""
    schema = schema_of(kind_of(obj))
    return not type_problems(schema, obj) and not rule_problems(schema, obj)


def everything_that_does_not_fit(translation: Translation) -> list[str]:
    kinds = {kind.name: kind for kind in ROUTES}
    found = [misfits(GATEWAY_CLASS, class_status(each, {}, NOW)) for each in translation.classes.values()]
    for gateway in translation.gateways.values():
        found.append(misfits(GATEWAY, gateway_status(gateway, STATE, {}, NOW)))
        found += [
            misfits(LISTENER_SET, listener_set_status(each, gateway, STATE, {}, NOW)) for each in gateway.listener_sets
        ]
    for id_, parents in translation.routes.items():
        found.append(misfits(kinds[id_.kind], route_status(parents, CONTROLLER_NAMES, {}, NOW)))
    return [each for one in found for each in one]


def test_a_message_has_an_end() -> None:
    """Several thousand references that lead nowhere can be named in one route."""
    status = route_status(told(1, "é" * 40_000), CONTROLLER_NAMES, {}, NOW)
    assert not misfits(HTTP_ROUTE, status)
    (parent,) = status["parents"]
    assert parent["conditions"][0]["message"].endswith("... (there is more)")
    assert route_status(told(1, "é" * 40_000), CONTROLLER_NAMES, status, "later") == status


def test_there_are_at_most_32_parents_and_others_are_not_driven_out() -> None:
    status = route_status(told(32), CONTROLLER_NAMES, {"parents": [FOREIGN, FOREIGN]}, NOW)
    assert len(status["parents"]) == MOST_PARENTS
    assert status["parents"][:2] == [FOREIGN, FOREIGN]
    assert not misfits(HTTP_ROUTE, status)
    full = {"parents": [FOREIGN] * MOST_PARENTS}
    assert route_status(told(2), CONTROLLER_NAMES, full, NOW) == full


def test_a_route_of_the_largest_size_is_told_what_is_wrong_in_few_words() -> None:
    match = {"path": {"type": "RegularExpression", "value": "/(" + "a" * 1000}}
    spec = {"parentRefs": [{"name": "gw"}], "rules": [{"matches": [match] * 8}] * 16}
    route = {"apiVersion": HTTP_ROUTE.api_version, "kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": spec}
    gateway = {
        "apiVersion": GATEWAY.api_version,
        "kind": "Gateway",
        "metadata": {"name": "gw"},
        "spec": {"gatewayClassName": "gatelab", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    }
    translation = translate(snapshot((*shared_objects(), completed(gateway), completed(route))))
    (told_,) = next(iter(translation.routes.values()))
    assert len(told_.conditions[0].message) < 16 * 400


@pytest.mark.parametrize("path", case_paths(), ids=lambda path: path.stem)
def test_cases_fit(path: Any) -> None:
    assert not everything_that_does_not_fit(translate(snapshot((*shared_objects(), *read_case(path).objects))))


def test_whatever_is_applied_fits() -> None:
    whim, routes = Whim(1), 0
    for _ in range(20):
        these = [obj for _, obj in (absurd(whim) for _ in range(60)) if is_admitted(obj)]
        found = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each for each in these}
        translation = translate(snapshot((*shared_objects(), *(completed(each) for each in found.values()))))
        routes += len(translation.routes)
        assert not everything_that_does_not_fit(translation)
    assert routes > MANY
