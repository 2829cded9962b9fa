"""Routes and their parents: who takes whom, and what each route is told about each parent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.translate import attachment, grpc_rules, http_rules, l4_rules, rule_sets
from gatelab.gateway.translate.attachment import Attachment
from gatelab.gateway.translate.observations import ACCEPTED, fails
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.gateway.translate.parents import Parent, Parents, parent_id
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.kinds.gatewayapi import GRPCRoute, HTTPRoute, ParentReference, Route
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class RouteOutcome:
    """A route with at least one parent of ours. `listeners` are those it is served on, per Gateway."""

    rules: RuleSet
    parents: tuple[ParentOutcome, ...]
    listeners: Mapping[Key, frozenset[str]]


Place = tuple[Key, str]
"""A listener: its Gateway, and its id."""
Refusals = Mapping[Place, Mapping[RouteId, RouteId]]
"""Per listener: which route must give way to which."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that names parents of ours, as it is as long as none of another kind is in its way.

    `places` are the listeners that it would be served on.
    """

    rules: RuleSet
    attachments: tuple[tuple[ParentReference, Parent, Attachment], ...]
    places: frozenset[Place]
    unopposed: RouteOutcome


Translated = Callable[[Route, Snapshot], RuleSet]
"""`translated_rules`, or one that remembers."""


def translated_rules(route: Route, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whatever its kind."""
    if isinstance(route, GRPCRoute):
        return grpc_rules.translated_rules(route, snapshot)
    if isinstance(route, HTTPRoute):
        return http_rules.translated_rules(route, snapshot)
    return l4_rules.translated_rules(route, snapshot)


def candidate(
    id_: RouteId, route: Route, snapshot: Snapshot, parents: Parents, translated: Translated
) -> Candidate | None:
    """The route by itself, whatever others there are; None if it names no parent of ours."""
    attachments = _attachments(route, snapshot, parents)
    if not attachments:
        return None
    rules = translated(route, snapshot)
    taken = ((parent, name) for _, parent, found in attachments for name in found.listeners)
    places = frozenset((parent.gateway.metadata.key, name) for parent, name in taken)
    return Candidate(
        rules, attachments, places if rules.is_acceptable else frozenset(), _outcome(id_, rules, attachments, {})
    )


def _attachments(
    route: Route, snapshot: Snapshot, parents: Parents
) -> tuple[tuple[ParentReference, Parent, Attachment], ...]:
    found = []
    for reference in route.spec.parent_refs:
        id_ = parent_id(reference, route)
        if id_ is not None and id_ in parents:
            parent = parents[id_]
            attached = attachment.attached(reference, route, parent, snapshot.namespaces)
            found.append((reference, parent, attached))
    return tuple(found)


def outcome(id_: RouteId, candidate: Candidate, refused: Refusals) -> RouteOutcome:
    """What becomes of a candidate."""
    if any(id_ in refused.get(place, ()) for place in candidate.places):
        return _outcome(id_, candidate.rules, candidate.attachments, refused)
    return candidate.unopposed


def _outcome(
    id_: RouteId,
    rules: RuleSet,
    attachments: Iterable[tuple[ParentReference, Parent, Attachment]],
    refusals: Refusals,
) -> RouteOutcome:
    told: list[ParentOutcome] = []
    served: dict[Key, frozenset[str]] = {}
    for reference, parent, attached in attachments:
        key = parent.gateway.metadata.key
        kept = _giving_way(id_, key, attached, refusals)
        told.append(_parent_outcome(reference, parent, rules, kept))
        if rules.is_acceptable:
            served[key] = served.get(key, frozenset()) | kept.listeners
    return RouteOutcome(rules, tuple(told), served)


def _giving_way(id_: RouteId, gateway: Key, attached: Attachment, refusals: Refusals) -> Attachment:
    """The attachment without the listeners on which a route of another kind has the hostname."""
    holders = {
        name: holder
        for name in attached.listeners
        if (holder := refusals.get((gateway, name), {}).get(id_)) is not None
    }
    left = attached.listeners - holders.keys()
    if not holders:
        return attached
    words = "; ".join(
        f"listener {name}: {holder.kind} {holder.key}, which is older, has a hostname in common with this {id_.kind}"
        for name, holder in sorted(holders.items())
    )
    words += "; give one of them another hostname"
    return Attachment(left, "" if left else "HostnameConflict", words)


def _parent_outcome(reference: ParentReference, parent: Parent, rules: RuleSet, attached: Attachment) -> ParentOutcome:
    if attached.listeners:
        conditions = rule_sets.conditions(rules, attached.listeners, attached.message)
    else:
        generation = rules.route.metadata.generation
        refused = fails(ACCEPTED, generation, reason=attached.reason, message=attached.message)
        conditions = (refused, rule_sets.resolved(rules))
    return ParentOutcome(
        reference=reference,
        controller_name=parent.controller_name,
        conditions=conditions,
        gateway=parent.gateway.metadata.key,
        listeners=attached.listeners,
    )
