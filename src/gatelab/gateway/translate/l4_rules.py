"""Rules of TLSRoutes, TCPRoutes and UDPRoutes."""

from gatelab.gateway.translate.rule_sets import Rule, RuleSet, rule_set
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import L4Route, L4RouteRule


def translated_rules(route: L4Route) -> RuleSet:
    """What the rules of the route come to: nothing yet."""
    return rule_set(route, route.spec.rules, _refused)


def _refused(index: int, rule: L4RouteRule) -> Rule:
    raise Unsupported(f"rule {rule.name or index}: routes of layer 4 are not served")
