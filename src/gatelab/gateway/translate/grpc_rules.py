"""Rules of a GRPCRoute: each becomes matches and an action, or is dropped with a reason (GRPCRoute API)."""

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import backends, filters, grpc_matches
from gatelab.gateway.translate.precedence import RankedMatch
from gatelab.gateway.translate.rule_sets import Rule, RuleSet
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import GRPCRoute, GRPCRouteMatch, GRPCRouteRule


def translated_rules(route: GRPCRoute, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    rules: list[Rule] = []
    dropped: list[str] = []
    for index, rule in enumerate(route.spec.rules):
        try:
            rules.append(_rule(index, rule, backends.Resolver(backends.GRPC, route.metadata.namespace, snapshot)))
        except Unsupported as error:
            dropped.append(str(error.within(f"rules[{index}]")))
    return RuleSet(route, tuple(rules), tuple(dropped))


def _rule(index: int, rule: GRPCRouteRule, resolver: backends.Resolver) -> Rule:
    matches = _matches(rule)
    effects = filters.effects(rule.filters, filters.OF_GRPC_RULES)
    if rule.session_persistence is not None:
        raise Unsupported("sessionPersistence is not supported; remove the field")
    where = backends.destination(rule.backend_refs, effects, resolver)
    return Rule(index, matches, where, effects.request_headers, effects.response_headers)


def _matches(rule: GRPCRouteRule) -> tuple[RankedMatch, ...]:
    """The rule's matches; a rule without takes every gRPC request."""
    found: list[RankedMatch] = []
    for index, match in enumerate(rule.matches or (GRPCRouteMatch(),)):
        try:
            found.append(grpc_matches.translated(match))
        except Unsupported as error:
            raise error.within(f"matches[{index}]") from error
    return tuple(found)
