"""Rules of an HTTPRoute: each becomes matches and an action, or is dropped with a reason (HTTPRoute API)."""

from dataclasses import replace

from gatelab.gateway.snapshot import Snapshot, route_id
from gatelab.gateway.translate import backend_ports, backends, filters, http_matches, retries, session_persistence
from gatelab.gateway.translate.precedence import RankedMatch
from gatelab.gateway.translate.rule_sets import Rule, RuleSet, ranked, rule_set
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.durations import parse_duration_s
from gatelab.kinds.gatewayapi import HTTPRoute, HTTPRouteMatch, HTTPRouteRule, HTTPRouteTimeouts
from gatelab.proxy import model


def translated_rules(route: HTTPRoute, snapshot: Snapshot) -> RuleSet:
    """What the rules of the route come to, whoever its parents are."""
    resolver = backend_ports.Resolver(backend_ports.HTTP, route.metadata.namespace, snapshot)
    id_ = str(route_id(route))
    return rule_set(route, route.spec.rules, lambda index, rule: _rule(index, rule, resolver, id_))


def _rule(index: int, rule: HTTPRouteRule, resolver: backend_ports.Resolver, route: str) -> Rule:
    # A rule without matches takes every request.
    matches = ranked(rule.matches or (HTTPRouteMatch(),), http_matches.translated)
    effects = filters.effects(rule.filters, filters.OF_HTTP_RULES, _prefix(matches))
    session = session_persistence.translated(
        rule.session_persistence, f"{route}/{rule.name or index}", len(rule.backend_refs)
    )
    where = backends.destination(rule.backend_refs, effects, resolver, session)
    retry = retries.translated(rule.retry)
    if isinstance(where.action, model.Forward):
        where = replace(where, action=replace(_timed(where.action, rule.timeouts), retry=retry))
    return Rule(index, matches, where, effects.request_headers, effects.response_headers, effects.cors)


def _prefix(matches: tuple[RankedMatch, ...]) -> str | None:
    """The prefix of the rule, if it has one match, on a prefix."""
    path = matches[0].match.path
    return path.value if len(matches) == 1 and path.kind == "prefix" else None


def _timed(action: model.Forward, timeouts: HTTPRouteTimeouts) -> model.Forward:
    """GEP-1742: zero is no limit."""
    return replace(
        action,
        timeout_s=_seconds("timeouts.request", timeouts.request),
        attempt_timeout_s=_seconds("timeouts.backendRequest", timeouts.backend_request),
    )


def _seconds(field: str, text: str) -> float | None:
    if not text:
        return None
    try:
        return parse_duration_s(text) or None
    except ValueError as error:
        raise Unsupported(f"{field}: {error}") from error
