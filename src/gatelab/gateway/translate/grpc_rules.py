"""Rules of a GRPCRoute: each becomes matches and an action, or is dropped with a reason (GRPCRoute API)."""

from gatelab.gateway.snapshot import Snapshot, route_id
from gatelab.gateway.translate import backend_ports, backends, filters, grpc_matches, session_persistence
from gatelab.gateway.translate.rule_sets import Rule, RuleSet, ranked, rule_set
from gatelab.kinds.gatewayapi import GRPCRoute, GRPCRouteMatch, GRPCRouteRule


def translated_rules(route: GRPCRoute, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    resolver = backend_ports.Resolver(backend_ports.GRPC, route.metadata.namespace, snapshot)
    id_ = str(route_id(route))
    return rule_set(route, route.spec.rules, lambda index, rule: _rule(index, rule, resolver, id_))


def _rule(index: int, rule: GRPCRouteRule, resolver: backend_ports.Resolver, route: str) -> Rule:
    # A rule without matches takes every gRPC request.
    matches = ranked(rule.matches or (GRPCRouteMatch(),), grpc_matches.translated)
    effects = filters.effects(rule.filters, filters.OF_GRPC_RULES)
    session = session_persistence.translated(
        rule.session_persistence, f"{route}/{rule.name or index}", len(rule.backend_refs)
    )
    where = backends.destination(rule.backend_refs, effects, resolver, session)
    return Rule(index, matches, where, effects.request_headers, effects.response_headers)
