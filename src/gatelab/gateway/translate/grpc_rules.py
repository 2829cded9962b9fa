"""Rules of a GRPCRoute: each becomes matches and an action, or is dropped with a reason (GRPCRoute API)."""

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import backends, filters, grpc_matches
from gatelab.gateway.translate.rule_sets import Rule, RuleSet, ranked, rule_set
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import GRPCRoute, GRPCRouteMatch, GRPCRouteRule


def translated_rules(route: GRPCRoute, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    resolver = backends.Resolver(backends.GRPC, route.metadata.namespace, snapshot)
    return rule_set(route, route.spec.rules, lambda index, rule: _rule(index, rule, resolver))


def _rule(index: int, rule: GRPCRouteRule, resolver: backends.Resolver) -> Rule:
    # A rule without matches takes every gRPC request.
    matches = ranked(rule.matches or (GRPCRouteMatch(),), grpc_matches.translated)
    effects = filters.effects(rule.filters, filters.OF_GRPC_RULES)
    if rule.session_persistence is not None:
        raise Unsupported("sessionPersistence is not supported; remove the field")
    where = backends.destination(rule.backend_refs, effects, resolver)
    return Rule(index, matches, where, effects.request_headers, effects.response_headers)
