"""Absences of Envoy, and objects that cannot be read."""

from dataclasses import replace
from typing import Any

from gatelab.gateway.connections import SETTLING_S, Connections
from gatelab.gateway.snapshot import snapshot_of
from gatelab.gateway.status.programmed import DataPlaneState, gateway_programmed, listener_programmed
from gatelab.gateway.status.statuses import gateway_status
from gatelab.gateway.translate import translate
from gatelab.gateway.translate.outcome import Placement
from gatelab.kinds.builtin import GATEWAY
from gatelab.kinds.conditions import Condition
from gatelab.proxy.model import Acceptance
from gateway_objects import gateway, gateway_class
from golden_cases import ADDRESS, snapshot

PROGRAMMED_BEFORE = {"type": "Programmed", "status": "True", "observedGeneration": 1}


def judged(state: DataPlaneState, *, was_programmed: bool = True, **spec: Any) -> Condition:
    (outcome,) = translate(snapshot([gateway_class(), gateway(**spec)])).gateways.values()
    before = PROGRAMMED_BEFORE if was_programmed else None
    listeners = {each.verdict.listener.name: listener_programmed(each, state, 1, before) for each in outcome.listeners}
    return gateway_programmed(outcome, state, listeners)


def test_a_short_absence_is_no_news_and_a_long_one_is() -> None:
    now = 100.0
    connections = Connections(lambda: now)
    connections.observe("p", connected=False)
    assert connections.settling_s("p") == SETTLING_S
    now += SETTLING_S - 1
    connections.observe("p", connected=False)
    assert connections.settling_s("p") == 1
    now += 1
    assert connections.settling_s("p") == 0
    connections.observe("p", connected=True)
    assert connections.settling_s("p") == 0
    connections.observe("p", connected=False)
    assert connections.settling_s("p") == SETTLING_S


def test_programmed_outlives_a_moment_without_envoy_only() -> None:
    assert judged(DataPlaneState(Acceptance(), ADDRESS, is_settling=True)).status == "True"
    assert judged(DataPlaneState(Acceptance(), ADDRESS)).status == "False"
    assert judged(DataPlaneState(Acceptance(), ADDRESS, is_settling=True), was_programmed=False).status == "False"


def test_another_address_than_the_one_asked_for_is_not_usable() -> None:
    state = DataPlaneState(Acceptance(connected=True), ADDRESS)
    assert judged(state, addresses=[{"value": "127.24.0.99"}]).reason == "AddressNotUsable"
    found = judged(state, addresses=[{"value": ADDRESS}])
    assert (found.status, found.message) == ("True", f"Envoy serves at {ADDRESS}")


def test_of_two_addresses_the_second_is_not_usable() -> None:
    """Whichever the data plane has: both were asked for."""
    other = "127.24.0.99"
    has_it = DataPlaneState(Acceptance(connected=True), ADDRESS)
    found = judged(has_it, addresses=[{"value": ADDRESS}, {"value": other}])
    assert (found.status, found.reason) == ("False", "AddressNotUsable")
    assert other in found.message
    assert f"{ADDRESS} is asked for before it" in found.message
    has_none = DataPlaneState(Acceptance(), "", obstacle="Gateway default/x has it")
    found = judged(has_none, addresses=[{"value": other}, {"value": ADDRESS}])
    assert (found.reason, found.message.endswith("Gateway default/x has it")) == ("AddressNotUsable", True)


def test_a_gateway_that_serves_nothing_is_not_programmed() -> None:
    tls = {"certificateRefs": [{"name": "nobody"}]}
    listeners = [{"name": "https", "port": 443, "protocol": "HTTPS", "tls": tls}]
    found = judged(DataPlaneState(Acceptance(connected=True), ADDRESS), listeners=listeners)
    assert (found.status, found.reason) == ("False", "Invalid")
    assert "Secret default/nobody does not exist" in found.message
    listeners.append({"name": "http", "port": 80, "protocol": "HTTP"})
    found = judged(DataPlaneState(Acceptance(connected=True), ADDRESS), listeners=listeners)
    assert found.status == "True"
    assert found.message == f"Envoy serves at {ADDRESS}; not served: listener https, see status.listeners"


def test_what_cannot_be_read_is_named_and_stops_nobody() -> None:
    bad = gateway("bad", listeners="none")
    found = snapshot_of(lambda kind: [bad, gateway()] if kind is GATEWAY else [])
    assert [str(key) for key in found.gateways] == ["default/gw"]
    assert len(found.problems) == 1
    assert "Gateway default/bad" in found.problems[0]


def test_what_backends_are_judged_by_is_waited_for_and_stops_no_listener() -> None:
    placement = Placement("port-80", "port-80", backend_secrets=frozenset({"authorities/ca"}))
    (outcome,) = translate(snapshot([gateway_class(), gateway()])).gateways.values()
    listener = replace(outcome.listeners[0], placement=placement)

    def told(acceptance: Acceptance) -> str:
        return listener_programmed(listener, DataPlaneState(acceptance, ADDRESS), 1, None).reason

    waiting = Acceptance(connected=True, pending={"certificate": frozenset({"authorities/ca"})})
    refused = Acceptance(connected=True, rejected={"certificate": {"authorities/ca": "no such file"}})
    assert told(Acceptance(connected=True)) == "Programmed"
    assert told(waiting) == "Pending"
    assert told(refused) == "Programmed"


def test_the_insecure_mode_is_told_while_it_is_on() -> None:
    def status(mode: str, present: dict[str, Any]) -> dict[str, Any]:
        reference = {"group": "", "kind": "ConfigMap", "name": "ca"}
        tls = {"frontend": {"default": {"validation": {"mode": mode, "caCertificateRefs": [reference]}}}}
        (outcome,) = translate(snapshot([gateway_class(), gateway(tls=tls)])).gateways.values()
        return gateway_status(outcome, DataPlaneState(Acceptance(), ADDRESS), present, "2026-01-01T00:00:00Z")

    foreign = {"type": "x.org/Fine", "status": "True"}
    on = status("AllowInsecureFallback", {"conditions": [foreign]})
    (found,) = [each for each in on["conditions"] if each["type"] == "InsecureFrontendValidationMode"]
    assert (found["status"], found["reason"]) == ("True", "ConfigurationChanged")
    off = status("AllowValidOnly", on)
    assert "InsecureFrontendValidationMode" not in {each["type"] for each in off["conditions"]}
    assert foreign in off["conditions"]
