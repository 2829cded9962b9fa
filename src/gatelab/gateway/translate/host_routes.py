"""The routes that are tried on a host, in order of precedence.

Within a listener every route whose hostname covers the request competes, so the host `a.example.com` also tries the
routes of `*.example.com`, after its own (GRPCRouteSpec, HTTPRouteSpec, `hostnames`). What depends on the listener is
put into each here: the place that a redirect leads to, the path of a session's cookie, retries.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import itemgetter

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate import session_persistence
from gatelab.gateway.translate.hostnames import coverers
from gatelab.gateway.translate.precedence import SortKey, order
from gatelab.gateway.translate.redirects import Entrance, located
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.proxy import model

_NO_RULES: Mapping[RouteId, RuleSet] = {}


def virtual_host(domain: str, routes: Mapping[str, Mapping[RouteId, RuleSet]], entrance: Entrance) -> model.VirtualHost:
    """The host with every route whose hostname covers it, each by its most specific one. `routes` are by hostname."""
    candidates: list[tuple[SortKey, model.Route]] = []
    seen: set[RouteId] = set()
    for hostname in coverers(domain):
        for id_, rules in routes.get(hostname, _NO_RULES).items():
            if id_ not in seen:
                seen.add(id_)
                candidates.extend(_routes(id_, rules, hostname, domain, entrance))
    candidates.sort(key=itemgetter(0))
    return model.VirtualHost(domain, (domain,), tuple(route for _, route in candidates))


def _routes(
    id_: RouteId, rules: RuleSet, hostname: str, domain: str, entrance: Entrance
) -> Iterator[tuple[SortKey, model.Route]]:
    for rule in rules.rules:
        action = rule.destination.action
        if isinstance(action, model.Redirect):
            action = located(action, entrance, domain)
        for index, ranked in enumerate(rule.matches):
            name = f"{id_}/rule-{rule.index}/match-{index}"
            here = _retried(_in_session(action, ranked.match, entrance), ranked.match, entrance)
            route = model.Route(name, ranked.match, here, rule.request_headers, rule.response_headers, rule.cors)
            yield order(hostname, ranked.rank, rules.route, rule.index, index), route


def _in_session(
    action: model.Forward | model.Redirect, match: model.RouteMatch, entrance: Entrance
) -> model.Forward | model.Redirect:
    if isinstance(action, model.Redirect) or action.session is None:
        return action
    return replace(action, session=session_persistence.placed(action.session, match.path, entrance.scheme))


def _retried(
    action: model.Forward | model.Redirect, match: model.RouteMatch, entrance: Entrance
) -> model.Forward | model.Redirect:
    if isinstance(action, model.Redirect) or entrance.grpc_retry is None or not match.grpc:
        return action
    return replace(action, grpc_retry=entrance.grpc_retry)
