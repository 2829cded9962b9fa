"""Route tables: the hosts of a port or chain, each with its routes in order of precedence.

Two rules shape them. Isolation (Gateway API, `Listener.hostname`): a request belongs to the listener with the most
specific hostname that covers it, and to no other; it does not fall through to a less specific one, not even when the
first has no route for it. Precedence: within a listener every route whose hostname covers the request competes, so the
host `a.example.com` also tries the routes of `*.example.com`, after its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from gatelab.gateway.snapshot import RouteId, route_id
from gatelab.gateway.translate.hostnames import coverers, covers, intersection, normal, specificity
from gatelab.gateway.translate.precedence import SortKey, order
from gatelab.gateway.translate.redirects import HTTP, Entrance, located
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.kinds.gatewayapi import Route
from gatelab.proxy import model


@dataclass(frozen=True, slots=True)
class HostScope:
    """A listener as far as routing is concerned: its hostname ("*" for every) and the routes attached to it."""

    hostname: str
    routes: tuple[RuleSet, ...] = ()
    entrance: Entrance = HTTP


def route_table(name: str, scopes: Sequence[HostScope]) -> model.RouteTable:
    """One table for all listeners that requests on it are told apart for; their hostnames are distinct."""
    hosts: list[model.VirtualHost] = []
    for scope in scopes:
        routes = _by_hostname(scope)
        hosts.extend(_host(domain, routes, scope.entrance) for domain in _domains(scope, scopes))
    return model.RouteTable(name, tuple(sorted(hosts, key=lambda host: _most_specific_first(host.name))))


def _most_specific_first(domain: str) -> tuple[int, int, str]:
    exact, characters = specificity(domain)
    return (-exact, -characters, domain)


def _domains(scope: HostScope, scopes: Sequence[HostScope]) -> set[str]:
    """The domains that the listener answers for: its own hostname, and its routes' within it that are no one else's."""
    wanted = {scope.hostname}
    for rules in scope.routes:
        for hostname in hostnames_of(rules.route):
            common = intersection(scope.hostname, hostname)
            if common is not None:
                wanted.add(common)
    return {domain for domain in wanted if _owner(domain, scopes) is scope}


def _owner(domain: str, scopes: Sequence[HostScope]) -> HostScope:
    covering = [scope for scope in scopes if covers(scope.hostname, domain)]
    return max(covering, key=lambda scope: specificity(scope.hostname))


def _by_hostname(scope: HostScope) -> Mapping[str, Sequence[RuleSet]]:
    found: dict[str, list[RuleSet]] = {}
    for rules in scope.routes:
        for hostname in hostnames_of(rules.route):
            found.setdefault(hostname, []).append(rules)
    return found


def _host(domain: str, routes: Mapping[str, Sequence[RuleSet]], entrance: Entrance) -> model.VirtualHost:
    """The host with every route whose hostname covers it, each by its most specific one."""
    candidates: list[tuple[SortKey, model.Route]] = []
    seen: set[RouteId] = set()
    for hostname in coverers(domain):
        for rules in routes.get(hostname, ()):
            id_ = route_id(rules.route)
            if id_ not in seen:
                seen.add(id_)
                candidates.extend(_routes(id_, rules, hostname, entrance))
    candidates.sort(key=itemgetter(0))
    return model.VirtualHost(domain, (domain,), tuple(route for _, route in candidates))


def _routes(id_: RouteId, rules: RuleSet, hostname: str, entrance: Entrance) -> Iterator[tuple[SortKey, model.Route]]:
    for rule in rules.rules:
        action = rule.destination.action
        if isinstance(action, model.Redirect):
            action = located(action, entrance)
        for index, ranked in enumerate(rule.matches):
            name = f"{id_}/rule-{rule.index}/match-{index}"
            route = model.Route(name, ranked.match, action, rule.request_headers, rule.response_headers)
            yield order(hostname, ranked.rank, rules.route, rule.index, index), route


def hostnames_of(route: Route) -> tuple[str, ...]:
    """The route's hostnames; every hostname if it names none."""
    return tuple(normal(hostname) for hostname in route.spec.hostnames) or (normal(""),)
