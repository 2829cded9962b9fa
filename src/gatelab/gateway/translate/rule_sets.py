"""The rules of a route, whatever its kind: what can be served, what was dropped, and what is said of it (GEP-1364).

A rule that we cannot serve as it is written is dropped whole. The other rules stay, and the route is PartiallyInvalid.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gatelab.gateway.translate.backends import Destination
from gatelab.gateway.translate.observations import ACCEPTED, PARTIALLY_INVALID, RESOLVED_REFS, fails, holds
from gatelab.gateway.translate.precedence import RankedMatch
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Route
from gatelab.proxy import model

R = TypeVar("R")
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be served. `index` is its place in the route."""

    index: int
    matches: tuple[RankedMatch, ...]
    destination: Destination
    request_headers: model.HeaderChanges = model.NO_CHANGES
    response_headers: model.HeaderChanges = model.NO_CHANGES
    cors: model.Cors | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a route, and a sentence for each that was dropped."""

    route: Route
    rules: tuple[Rule, ...]
    dropped: tuple[str, ...]

    @property
    def is_acceptable(self) -> bool:
        """Whether anything of it can be served; a route without rules is fine, and serves nothing."""
        return bool(self.rules) or not self.dropped


def rule_set(route: Route, rules: Sequence[R], translated: Callable[[int, R], Rule]) -> RuleSet:
    """The rules of a route, each by `translated`, which raises Unsupported for what cannot be served as written."""
    served: list[Rule] = []
    dropped: list[str] = []
    for index, rule in enumerate(rules):
        try:
            served.append(translated(index, rule))
        except Unsupported as error:
            dropped.append(str(error.within(f"rules[{index}]")))
    return RuleSet(route, tuple(served), tuple(dropped))


def ranked(matches: Sequence[M], translated: Callable[[M], RankedMatch]) -> tuple[RankedMatch, ...]:
    """The matches of a rule, each by `translated`. Raises Unsupported naming the match."""
    found: list[RankedMatch] = []
    for index, match in enumerate(matches):
        try:
            found.append(translated(match))
        except Unsupported as error:
            raise error.within(f"matches[{index}]") from error
    return tuple(found)


def conditions(rules: RuleSet, listeners: Iterable[str], except_for: str = "") -> tuple[Condition, ...]:
    """What a parent that takes the route says: Accepted, ResolvedRefs and, if rules were dropped, PartiallyInvalid.

    `listeners` are the names of those that took it; `except_for` says of others why they did not.
    """
    generation = rules.route.metadata.generation
    if not rules.is_acceptable:
        message = "; ".join(rules.dropped)
        return (fails(ACCEPTED, generation, reason="UnsupportedValue", message=message), resolved(rules))
    taken = f"attached to listener {', '.join(sorted(listeners))}" + (f"; not to {except_for}" if except_for else "")
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
    if any(rule.destination.services for rule in rules.rules):
        return "every backendRef leads to a port of a Service"
    return "there is no backendRef to resolve"
