"""Statuses as JSON: of GatewayClasses, Gateways, ListenerSets and routes, from verdicts and what Envoy has said.

Pure. Each is the whole status that the object shall have, given the one that it has: times stay with conditions that do
not change, conditions of other types and parents of other controllers stay as they are.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from gatelab.gateway.status.programmed import (
    DataPlaneState,
    gateway_programmed,
    listener_programmed,
    listener_set_programmed,
    present_condition,
)
from gatelab.gateway.translate.frontend_validation import INSECURE
from gatelab.gateway.translate.gateway_class import SUPPORTED_FEATURES
from gatelab.gateway.translate.observations import ACCEPTED, PROGRAMMED
from gatelab.gateway.translate.outcome import (
    AncestorOutcome,
    GatewayOutcome,
    ListenerOutcome,
    ListenerSetOutcome,
    ParentOutcome,
)
from gatelab.kinds.conditions import Condition, condition
from gatelab.kinds.gatewayapi import Gateway, ListenerSet, ParentReference

Status = Mapping[str, Any]
_PASSING = {INSECURE}
"""Conditions that are taken away when they no longer hold."""


def class_status(accepted: Condition, present: Status, now: str) -> dict[str, Any]:
    """`status` of a GatewayClass. `now` is RFC 3339."""
    return {
        **present,
        "conditions": _conditions([accepted], present.get("conditions"), now, keep_others=True),
        "supportedFeatures": [{"name": name} for name in SUPPORTED_FEATURES],
    }


def gateway_status(outcome: GatewayOutcome, state: DataPlaneState, present: Status, now: str) -> dict[str, Any]:
    """`status` of a Gateway: conditions, addresses, and an entry per listener."""
    programmed = _programmed(outcome.own_listeners, outcome.gateway, state, present)
    conditions = [outcome.accepted, gateway_programmed(outcome, state, programmed), *outcome.others]
    status = {name: value for name, value in present.items() if name not in ("addresses", "attachedListenerSets")}
    status["conditions"] = _conditions(conditions, present.get("conditions"), now, keep_others=True)
    status["listeners"] = _listeners(outcome.own_listeners, programmed, present, now)
    if state.address:
        status["addresses"] = [{"type": "IPAddress", "value": state.address}]
    if outcome.gateway.spec.allowed_listeners.namespaces.from_ != "None":
        status["attachedListenerSets"] = sum(each.is_accepted for each in outcome.listener_sets)
    return status


def listener_set_status(
    outcome: ListenerSetOutcome, gateway: GatewayOutcome, state: DataPlaneState, present: Status, now: str
) -> dict[str, Any]:
    """`status` of a ListenerSet of that Gateway: conditions, and an entry per listener."""
    programmed = _programmed(outcome.listeners, outcome.listener_set, state, present)
    of_gateway = gateway_programmed(gateway, state, {})
    conditions = [outcome.accepted, listener_set_programmed(outcome, of_gateway, programmed)]
    return {
        **present,
        "conditions": _conditions(conditions, present.get("conditions"), now, keep_others=True),
        "listeners": _listeners(outcome.listeners, programmed, present, now),
    }


def orphan_status(listener_set: ListenerSet, present: Status, now: str) -> dict[str, Any]:
    """`status` of a ListenerSet whose Gateway has gone: what was said of it holds no longer.

    Of a set that nobody has said anything about, the present status.
    """
    if all(each.get("status") == "Unknown" for each in present.get("conditions") or ()):
        return dict(present)
    message = f"waiting for Gateway {listener_set.spec.parent_ref.name}, which does not exist"
    generation = listener_set.metadata.generation
    wanted = [
        Condition(each, "Unknown", "Pending", message, observed_generation=generation)
        for each in (ACCEPTED, PROGRAMMED)
    ]
    return {"conditions": _conditions(wanted, present.get("conditions"), now, keep_others=True)}


def _programmed(
    listeners: Iterable[ListenerOutcome], owner: Gateway | ListenerSet, state: DataPlaneState, present: Status
) -> dict[str, Condition]:
    """Programmed of each listener, by its name in the owner, whose present status that is."""
    found = {}
    for each in listeners:
        name = each.verdict.listener.name
        before = present_condition(name, present)
        found[name] = listener_programmed(each, state, owner.metadata.generation, before)
    return found


def _listeners(
    listeners: Iterable[ListenerOutcome], programmed: Mapping[str, Condition], present: Status, now: str
) -> list[dict[str, Any]]:
    return [_listener(each, programmed[each.verdict.listener.name], present, now) for each in listeners]


def _listener(outcome: ListenerOutcome, programmed: Condition, present: Status, now: str) -> dict[str, Any]:
    name = outcome.verdict.listener.name
    before: Mapping[str, Any] = next((each for each in present.get("listeners") or () if each.get("name") == name), {})
    conditions = [*outcome.verdict.conditions, programmed]
    return {
        "name": name,
        "supportedKinds": [{"group": kind.group, "kind": kind.kind} for kind in outcome.verdict.supported_kinds],
        "attachedRoutes": outcome.attached_routes,
        "conditions": _conditions(conditions, before.get("conditions"), now),
    }


def route_status(
    parents: Sequence[ParentOutcome], controller_names: Container[str], present: Status, now: str
) -> dict[str, Any]:
    """`status` of a route: `parents` of other controllers as they are, then ours in the order of spec.parentRefs,
    as far as there is room. Entries of `controller_names` are ours.
    """
    entries = list(present.get("parents") or ())
    theirs = [each for each in entries if each.get("controllerName") not in controller_names]
    ours = [_parent(parent, entries, now) for parent in parents]
    return {**present, "parents": [*theirs, *ours[: max(0, MOST_PARENTS - len(theirs))]]}


MOST_PARENTS = 32
"""RouteStatus, `parents`: there is room for no more."""


def _parent(parent: ParentOutcome, entries: Iterable[Mapping[str, Any]], now: str) -> dict[str, Any]:
    reference = parent_reference(parent.reference)
    same = (parent.controller_name, reference)
    before = next((each for each in entries if (each.get("controllerName"), each.get("parentRef")) == same), {})
    return {
        "parentRef": reference,
        "controllerName": parent.controller_name,
        "conditions": _conditions(parent.conditions, before.get("conditions"), now),
    }


def policy_status(
    ancestors: Sequence[AncestorOutcome], controller_names: Container[str], present: Status, now: str
) -> dict[str, Any]:
    """`status` of a policy: `ancestors` of other controllers as they are, then ours, as far as there is room."""
    entries = list(present.get("ancestors") or ())
    theirs = [each for each in entries if each.get("controllerName") not in controller_names]
    ours = [_ancestor(each, entries, now) for each in ancestors]
    return {**present, "ancestors": [*theirs, *ours[: max(0, MOST_ANCESTORS - len(theirs))]]}


MOST_ANCESTORS = 16
"""PolicyStatus, `ancestors`: an implementation must not add entries to a full list."""


def _ancestor(ancestor: AncestorOutcome, entries: Iterable[Mapping[str, Any]], now: str) -> dict[str, Any]:
    gateway = ParentReference(name=ancestor.gateway.name, namespace=ancestor.gateway.namespace)
    reference = parent_reference(gateway)
    same = (ancestor.controller_name, reference)
    before = next((each for each in entries if (each.get("controllerName"), each.get("ancestorRef")) == same), {})
    return {
        "ancestorRef": reference,
        "controllerName": ancestor.controller_name,
        "conditions": _conditions(ancestor.conditions, before.get("conditions"), now),
    }


def parent_reference(reference: ParentReference) -> dict[str, Any]:
    """The reference as the route has it, with group and kind as the schema defaults them."""
    optional = {
        "namespace": reference.namespace,
        "sectionName": reference.section_name,
        "port": reference.port,
    }
    found: dict[str, Any] = {"group": reference.group, "kind": reference.kind, "name": reference.name}
    return found | {name: value for name, value in optional.items() if value is not None}


def _conditions(
    wanted: Iterable[Condition], present: Sequence[Mapping[str, Any]] | None, now: str, *, keep_others: bool = False
) -> list[dict[str, Any]]:
    """The wanted conditions, each with the time of its last transition; with those of other types, if they stay."""
    before = present or ()
    made = [_condition(each, condition(before, each.type), now) for each in wanted]
    types = {each["type"] for each in made}
    others = [dict(each) for each in before if each["type"] not in types | _PASSING] if keep_others else []
    return made + others


def _condition(wanted: Condition, before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    unchanged = before is not None and before.get("status") == wanted.status
    return {
        "type": wanted.type,
        "status": wanted.status,
        "reason": wanted.reason,
        "message": _readable(wanted.message),
        "observedGeneration": wanted.observed_generation,
        "lastTransitionTime": (before or {}).get("lastTransitionTime", now) if unchanged else now,
    }


MOST_CHARACTERS = 4096
"""Of a message. The API takes 32,768 (metav1.Condition), but a route with as many parents must be stored too."""
_CUT = " ... (there is more)"


def _readable(message: str) -> str:
    return message if len(message) <= MOST_CHARACTERS else message[: MOST_CHARACTERS - len(_CUT)] + _CUT
