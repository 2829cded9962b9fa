"""Precedence of matches: one key, by which everything that could take a request is ordered.

GRPCRouteSpec, `rules[].matches`: "Precedence MUST be given to the rule with the largest number of: characters in a
matching non-wildcard hostname; characters in a matching hostname; characters in a matching service; characters in a
matching method; header matches." Ties: the oldest route, then the first by namespace/name, then the first rule, then
the first match. The spec does not say how a regular expression's characters count: an exact name goes before any
expression, expressions go by their length.
"""

from dataclasses import dataclass

from gatelab.gateway.translate.hostnames import specificity
from gatelab.kinds.gatewayapi import GRPCRoute, MethodMatch


@dataclass(frozen=True, slots=True)
class Rank:
    """What counts of a match itself, whatever route and host it belongs to."""

    service: tuple[bool, int]
    method: tuple[bool, int]
    headers: int


def rank(method: MethodMatch | None, headers: int) -> Rank:
    """The rank of a match on `method` with that many header matches."""
    if method is None:
        return Rank((False, 0), (False, 0), headers)
    return Rank(_characters(method.type, method.service), _characters(method.type, method.method), headers)


def _characters(type_: str, text: str) -> tuple[bool, int]:
    return (bool(text) and type_ == "Exact", len(text))


SortKey = tuple[object, ...]


def order(hostname: str, match: Rank, route: GRPCRoute, rule: int, index: int) -> SortKey:
    """Sorts ascending: what comes first is tried first. `hostname` is the route's own, "*" if it names none."""
    exact, characters = specificity(hostname)
    return (
        -exact,
        -characters,
        _descending(match.service),
        _descending(match.method),
        -match.headers,
        route.metadata.creation_timestamp,
        route.metadata.namespace,
        route.metadata.name,
        rule,
        index,
    )


def _descending(rank_: tuple[bool, int]) -> tuple[bool, int]:
    return (not rank_[0], -rank_[1])
