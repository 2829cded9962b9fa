"""Rules whose requests a Gateway's counters cannot tell apart."""

from gatelab.experiment.routes.route import RoutedBackend, Rule
from gatelab.experiment.routes.rule_groups import RuleGroup, grouped
from gatelab.kinds.gatewayapi import GRPCRouteRule
from gatelab.kinds.objects import Key

FRONT = Key("shop", "front")


def backend(name: str, share: float = 1.0) -> RoutedBackend:
    return RoutedBackend(Key("shop", name), 80, share)


def rule(route: str, *backends: RoutedBackend) -> Rule:
    return Rule(FRONT, route, (), GRPCRouteRule(), backends)


def groups(*rules: Rule) -> set[RuleGroup]:
    return set(grouped(FRONT, rules))


def test_rules_of_their_own_backends() -> None:
    weighted = (backend("b", 0.9), backend("c", 0.1))
    found = groups(rule("1", backend("a")), rule("2", *weighted), rule("3"))
    assert found == {RuleGroup(FRONT, ("1",), (backend("a"),)), RuleGroup(FRONT, ("2",), weighted)}


def test_rules_that_agree_are_one() -> None:
    weighted = (backend("a", 0.9), backend("b", 0.1))
    assert groups(rule("1", *weighted), rule("2", *reversed(weighted))) == {RuleGroup(FRONT, ("1", "2"), weighted)}


def test_rules_that_share_a_backend_by_other_weights_are_told_by_backend() -> None:
    found = groups(rule("1", backend("a", 0.9), backend("b", 0.1)), rule("2", backend("a")))
    assert found == {RuleGroup(FRONT, ("1", "2"), (backend("a"),)), RuleGroup(FRONT, ("1",), (backend("b"),))}


def test_rules_that_are_bound_together_by_a_third() -> None:
    bridge = rule("3", backend("a", 0.5), backend("b", 0.5))
    found = groups(rule("1", backend("a")), rule("2", backend("b")), bridge, rule("4", backend("b")))
    assert found == {
        RuleGroup(FRONT, ("1", "3"), (backend("a"),)),
        RuleGroup(FRONT, ("2", "3", "4"), (backend("b"),)),
    }


def test_thousands_of_rules_for_one_backend() -> None:
    (found,) = grouped(FRONT, [rule(str(number), backend("a")) for number in range(5000)])
    assert len(found.routes) == 5000
