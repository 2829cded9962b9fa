"""Programmed: what Envoy has acknowledged, together with what could be asked of it at all (Gateway API, GEP-1364).

A listener is Programmed when its proxy is connected and has acknowledged the listener, its certificates, its route
table, and the backends and endpoints behind it. Once it is, it stays so while a change of its routes is on its way: it
does serve, and a condition that flickers with each change would tell nothing. The same goes for the moment in which a
restarted control plane waits for its Envoys (`is_settling`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.gateway.translate import addresses
from gatelab.gateway.translate.observations import CONFLICTED, PROGRAMMED, fails, holds
from gatelab.gateway.translate.outcome import (
    GatewayOutcome,
    ListenerOutcome,
    ListenerSetOutcome,
    ListenerVerdict,
    Placement,
)
from gatelab.kinds.conditions import Condition, condition
from gatelab.proxy.model import Acceptance, ResourceType
from gatelab.proxy.taken_address import explained


@dataclass(frozen=True, slots=True)
class DataPlaneState:
    """What is known of a Gateway's data plane. `address` is "" while there is none."""

    acceptance: Acceptance
    address: str = ""
    is_settling: bool = False
    obstacle: str = ""
    """Why there is no data plane and will be none, if so."""


def listener_programmed(
    outcome: ListenerOutcome, state: DataPlaneState, generation: int, before: Mapping[str, Any] | None
) -> Condition:
    """Programmed of a listener. `before` is its present condition of that type."""
    if not outcome.verdict.is_servable:
        causes = [each for each in outcome.verdict.conditions if _is_bad(each)]
        message = causes[0].message if causes else "there is nothing that it could serve"
        return fails(PROGRAMMED, generation, reason=_invalidity(outcome.verdict), message=message)
    if outcome.placement is None:
        if state.obstacle:
            return fails(PROGRAMMED, generation, reason="Invalid", message=state.obstacle)
        return fails(PROGRAMMED, generation, reason="Pending", message="waiting for the address of the data plane")
    refused = _refusal(outcome.placement, state.acceptance)
    if refused:
        return fails(PROGRAMMED, generation, reason="Invalid", message=refused)
    waiting = _waiting_for(outcome.placement, state)
    if waiting is None or _stays(before, generation, state):
        return holds(PROGRAMMED, generation, message=f"Envoy serves it on port {outcome.verdict.listener.port}")
    return fails(PROGRAMMED, generation, reason="Pending", message=waiting)


def listener_set_programmed(
    outcome: ListenerSetOutcome, gateway: Condition, listeners: Mapping[str, Condition]
) -> Condition:
    """Programmed of a ListenerSet: every listener of it that can be served is served, and one at least.

    `gateway` is that of its Gateway, `listeners` are those of its own listeners (ListenerSetConditionProgrammed).
    """
    generation = outcome.listener_set.metadata.generation
    if not outcome.is_accepted:
        return fails(PROGRAMMED, generation, reason=outcome.accepted.reason, message=outcome.accepted.message)
    if gateway.reason in ("AddressNotUsable", "AddressNotAssigned"):
        return fails(PROGRAMMED, generation, reason="ParentNotProgrammed", message=gateway.message)
    pending = next((each for each in listeners.values() if each.reason == "Pending"), None)
    if pending is not None:
        return fails(PROGRAMMED, generation, reason="Pending", message=pending.message)
    if not any(each.status == "True" for each in listeners.values()):
        message = "no listener can be served: see status.listeners"
        return fails(PROGRAMMED, generation, reason="ListenersNotValid", message=message)
    absent = [name for name, each in listeners.items() if each.status != "True"]
    message = f"not served: listener {', '.join(absent)}, see status.listeners" if absent else "Envoy serves it"
    return holds(PROGRAMMED, generation, message=message)


def gateway_programmed(outcome: GatewayOutcome, state: DataPlaneState, listeners: Mapping[str, Condition]) -> Condition:
    """Programmed of the Gateway: an address, and every listener of its own that can be served is served.

    Listeners that cannot are told so themselves, and do not take the others' merit; but one at least must serve.
    """
    generation = outcome.gateway.metadata.generation
    if not outcome.is_accepted:
        return fails(PROGRAMMED, generation, reason="Invalid", message=outcome.accepted.message)
    unusable = addresses.unusable(outcome.gateway, state.address, state.obstacle)
    if unusable:
        return fails(PROGRAMMED, generation, reason="AddressNotUsable", message=unusable)
    if not state.address:
        message = state.obstacle or "the Service of the data plane has no address yet"
        return fails(PROGRAMMED, generation, reason="AddressNotAssigned", message=message)
    conditions = list(listeners.values())
    pending = next((each for each in conditions if each.reason == "Pending"), None)
    if pending is not None:
        return fails(PROGRAMMED, generation, reason="Pending", message=pending.message)
    if not any(each.status == "True" for each in conditions):
        message = "no listener can be served: " + "; ".join(
            f"{name}: {each.message}" for name, each in listeners.items()
        )
        return fails(PROGRAMMED, generation, reason="Invalid", message=message)
    return holds(PROGRAMMED, generation, message=_service(state.address, listeners))


def _service(address: str, listeners: Mapping[str, Condition]) -> str:
    absent = [name for name, each in listeners.items() if each.status != "True"]
    others = f"; not served: listener {', '.join(absent)}, see status.listeners" if absent else ""
    return f"Envoy serves at {address}{others}"


def _invalidity(verdict: ListenerVerdict) -> str:
    """The reason of a listener that cannot be served: for a set's entry that has lost a conflict, that of the conflict,
    as the conformance suite asks of these and of no Gateway's own.
    """
    conflicted = verdict.condition(CONFLICTED)
    is_lost = verdict.listener_set is not None and conflicted is not None and conflicted.status == "True"
    return conflicted.reason if is_lost and conflicted else "Invalid"


def _is_bad(each: Condition) -> bool:
    return each.status == ("True" if each.type == CONFLICTED else "False")


def _dependencies(placement: Placement, acceptance: Acceptance) -> list[tuple[ResourceType, str]]:
    """What a listener needs, in the order in which a person would look for the cause; of backends those alone that
    Envoy has not accepted: there may be thousands.
    """
    of_backends: tuple[ResourceType, ...] = ("backend", "endpoints")
    told = (*map(acceptance.pending.get, of_backends), *map(acceptance.rejected.get, of_backends))
    late = {name for names in told for name in names or ()}
    found: list[tuple[ResourceType, str]] = [("listener", placement.listener)]
    found += [("route_table", placement.route_table)] if placement.route_table else []
    found += [("certificate", name) for name in sorted(placement.certificates)]
    for backend in sorted(name for name in late if name in placement.backends):
        found += [("backend", backend), ("endpoints", backend)]
    # One that Envoy refuses costs its backends their requests, and the listener nothing.
    refused = acceptance.rejected.get("certificate", {})
    return found + [("certificate", name) for name in sorted(placement.backend_secrets) if name not in refused]


def _refusal(placement: Placement, acceptance: Acceptance) -> str | None:
    """Envoy's words about the listener or a certificate; what it says of routes is told to the routes."""
    for type_, name in _dependencies(placement, acceptance):
        words = acceptance.rejected.get(type_, {}).get(name)
        if words is not None and type_ in ("listener", "certificate"):
            return f"Envoy refused {type_} {name}: {explained(words)}"
    return None


def _waiting_for(placement: Placement, state: DataPlaneState) -> str | None:
    if not state.acceptance.connected:
        return "no Envoy is connected: see the Gateway's pods"
    for type_, name in _dependencies(placement, state.acceptance):
        if not state.acceptance.has_accepted(type_, name):
            words = state.acceptance.rejected.get(type_, {}).get(name)
            what = f"{type_.replace('_', ' ')} {name}"
            return f"Envoy refused {what}: {explained(words)}" if words else f"waiting for Envoy to acknowledge {what}"
    return None


def _stays(before: Mapping[str, Any] | None, generation: int, state: DataPlaneState) -> bool:
    if before is None or before.get("status") != "True" or before.get("observedGeneration") != generation:
        return False
    return state.acceptance.connected or state.is_settling


def present_condition(listener: str, status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The Programmed condition that a listener has in the present status of its Gateway or ListenerSet."""
    for each in status.get("listeners") or ():
        if each.get("name") == listener:
            return condition(each.get("conditions") or (), PROGRAMMED)
    return None
