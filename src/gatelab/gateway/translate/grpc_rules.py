"""Rules of a GRPCRoute: each becomes matches and an action, or is dropped with a reason (GRPCRoute API, GEP-1364).

A rule that we cannot serve as it is written is dropped whole: without its filter, or with half of its matches, it would
do something that nobody asked for. The other rules stay, and the route is PartiallyInvalid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatelab.gateway.translate.backends import Destination, destination
from gatelab.gateway.translate.grpc_matches import RankedMatch, UnsupportedMatch, translated
from gatelab.gateway.translate.observations import ACCEPTED, PARTIALLY_INVALID, RESOLVED_REFS, fails, holds
from gatelab.kinds.conditions import Condition
from gatelab.kinds.core import Service
from gatelab.kinds.gatewayapi import GRPCRoute, GRPCRouteMatch, GRPCRouteRule
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be served. `index` is its place in the route."""

    index: int
    matches: tuple[RankedMatch, ...]
    destination: Destination


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a route, and a sentence for each that was dropped."""

    route: GRPCRoute
    rules: tuple[Rule, ...]
    dropped: tuple[str, ...]

    @property
    def is_acceptable(self) -> bool:
        """Whether anything of it can be served; a route without rules is fine, and serves nothing."""
        return bool(self.rules) or not self.dropped


def translated_rules(route: GRPCRoute, services: Mapping[Key, Service]) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    rules: list[Rule] = []
    dropped: list[str] = []
    for index, rule in enumerate(route.spec.rules):
        try:
            matches = _matches(rule)
        except UnsupportedMatch as error:
            dropped.append(f"rules[{index}].{error}")
            continue
        fault = _unsupported_field(rule)
        if fault:
            dropped.append(f"rules[{index}].{fault}")
            continue
        where = destination(rule.backend_refs, route.metadata.namespace, services)
        rules.append(Rule(index, matches, where))
    return RuleSet(route, tuple(rules), tuple(dropped))


def _matches(rule: GRPCRouteRule) -> tuple[RankedMatch, ...]:
    """The rule's matches; a rule without takes every gRPC request."""
    found: list[RankedMatch] = []
    for index, match in enumerate(rule.matches or (GRPCRouteMatch(),)):
        try:
            found.append(translated(match))
        except UnsupportedMatch as error:
            raise UnsupportedMatch(f"matches[{index}].{error}") from error
    return tuple(found)


def _unsupported_field(rule: GRPCRouteRule) -> str | None:
    if rule.filters:
        return f"filters: {rule.filters[0].get('type')} is not supported; remove the filter"
    for index, reference in enumerate(rule.backend_refs):
        if reference.filters:
            type_ = reference.filters[0].get("type")
            return f"backendRefs[{index}].filters: {type_} is not supported; remove the filter"
    if rule.session_persistence is not None:
        return "sessionPersistence is not supported; remove the field"
    return None


def conditions(rules: RuleSet, listeners: Iterable[str]) -> tuple[Condition, ...]:
    """What a parent that takes the route says: Accepted, ResolvedRefs and, if rules were dropped, PartiallyInvalid.

    `listeners` are the names of those that took it.
    """
    generation = rules.route.metadata.generation
    if not rules.is_acceptable:
        message = "; ".join(rules.dropped)
        return (fails(ACCEPTED, generation, reason="UnsupportedValue", message=message), resolved(rules))
    taken = f"attached to listener {', '.join(sorted(listeners))}"
    accepted = (holds(ACCEPTED, generation, message=taken), resolved(rules))
    if rules.dropped:
        message = "Dropped Rule: " + "; ".join(rules.dropped)
        return (*accepted, holds(PARTIALLY_INVALID, generation, reason="UnsupportedValue", message=message))
    return accepted


def resolved(rules: RuleSet) -> Condition:
    """ResolvedRefs of the route: every reference of its rules, wherever the route is attached."""
    generation = rules.route.metadata.generation
    unresolved = [each for rule in rules.rules for each in rule.destination.unresolved]
    if not unresolved:
        return holds(RESOLVED_REFS, generation, message=_resolution(rules))
    message = "; ".join(dict.fromkeys(each.message for each in unresolved))
    return fails(RESOLVED_REFS, generation, reason=unresolved[0].reason, message=message)


def _resolution(rules: RuleSet) -> str:
    if any(rule.destination.targets for rule in rules.rules):
        return "every backendRef leads to a port of a Service"
    return "there is no backendRef to resolve"
