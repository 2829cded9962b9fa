"""Rules of TLSRoutes, TCPRoutes and UDPRoutes: where connections go, by weight (`TLSRouteRule`, `TCPRouteRule`, ...).

A rule has no matches, so a second one could never be reached: v1 takes one rule, and of what v1alpha2 takes the first
one counts. A reference that cannot be resolved keeps its share of the connections, which are closed, or of the
datagrams, which are dropped.
"""

from collections.abc import Mapping

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import backends
from gatelab.gateway.translate.backend_ports import Needs, Resolver
from gatelab.gateway.translate.filters import Effects
from gatelab.gateway.translate.rule_sets import Rule, RuleSet, rule_set
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import L4Route, L4RouteRule, TCPRoute, TLSRoute, UDPRoute

_NEEDS: Mapping[type[L4Route], Needs] = {
    TLSRoute: Needs("TLSRoute", "TLS", 503, speaks="tcp", after_tls=True),
    TCPRoute: Needs("TCPRoute", "TCP", 503, speaks="tcp"),
    UDPRoute: Needs("UDPRoute", "UDP", 503, speaks="udp"),
}


def translated_rules(route: L4Route, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    resolver = Resolver(_NEEDS[type(route)], route.metadata.namespace, snapshot)
    return rule_set(route, route.spec.rules, lambda index, rule: _rule(index, rule, resolver))


def _rule(index: int, rule: L4RouteRule, resolver: Resolver) -> Rule:
    if index:
        raise Unsupported("the rule before it takes every connection; remove this one")
    return Rule(index, (), backends.destination(rule.backend_refs, Effects(), resolver))
