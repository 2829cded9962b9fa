"""Routes and their parents: who takes whom, and what each route is told about each parent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import attachment, grpc_rules
from gatelab.gateway.translate.grpc_rules import RuleSet
from gatelab.gateway.translate.listener_kinds import GRPC_ROUTE
from gatelab.gateway.translate.observations import ACCEPTED, fails
from gatelab.gateway.translate.outcome import ListenerVerdict, ParentOutcome
from gatelab.kinds.gatewayapi import Gateway, GRPCRoute, ParentReference
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Parent:
    """A Gateway of ours, as its routes see it."""

    gateway: Gateway
    controller_name: str
    listeners: tuple[ListenerVerdict, ...]


@dataclass(frozen=True, slots=True)
class RouteOutcome:
    """A route with at least one parent of ours. `listeners` are those it is served on, per Gateway."""

    rules: RuleSet
    parents: tuple[ParentOutcome, ...]
    listeners: Mapping[Key, frozenset[str]]


def judged(snapshot: Snapshot, parents: Mapping[Key, Parent]) -> Mapping[Key, RouteOutcome]:
    """An outcome for each route that names a Gateway of ours, by the route's key."""
    outcomes = {key: _judge(route, snapshot, parents) for key, route in snapshot.grpc_routes.items()}
    return {key: outcome for key, outcome in outcomes.items() if outcome is not None}


def _judge(route: GRPCRoute, snapshot: Snapshot, parents: Mapping[Key, Parent]) -> RouteOutcome | None:
    concerned = [
        (reference, parents[key])
        for reference in route.spec.parent_refs
        if (key := attachment.parent_key(reference, route)) is not None and key in parents
    ]
    if not concerned:
        return None
    rules = grpc_rules.translated_rules(route, snapshot.services)
    told: list[ParentOutcome] = []
    listeners: dict[Key, frozenset[str]] = {}
    for reference, parent in concerned:
        attached = attachment.attached(
            reference, route, GRPC_ROUTE, parent.gateway, parent.listeners, snapshot.namespaces
        )
        told.append(_parent_outcome(reference, parent, rules, attached))
        key = parent.gateway.metadata.key
        if rules.is_acceptable:
            listeners[key] = listeners.get(key, frozenset()) | attached.listeners
    return RouteOutcome(rules, tuple(told), listeners)


def _parent_outcome(
    reference: ParentReference, parent: Parent, rules: RuleSet, attached: attachment.Attachment
) -> ParentOutcome:
    if attached.listeners:
        conditions = grpc_rules.conditions(rules, attached.listeners)
    else:
        generation = rules.route.metadata.generation
        refused = fails(ACCEPTED, generation, reason=attached.reason, message=attached.message)
        conditions = (refused, grpc_rules.resolved(rules))
    return ParentOutcome(
        reference=reference,
        controller_name=parent.controller_name,
        conditions=conditions,
        gateway=parent.gateway.metadata.key,
        listeners=attached.listeners,
    )


def on_listener(outcomes: Sequence[RouteOutcome], gateway: Key, listener: str) -> tuple[RuleSet, ...]:
    """The rules of the routes that are attached to a listener, in the order of the outcomes."""
    return tuple(each.rules for each in outcomes if listener in each.listeners.get(gateway, frozenset()))
