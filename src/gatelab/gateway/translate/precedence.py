"""Precedence of matches: one key, by which everything that could take a request is ordered.

GRPCRouteSpec, `rules[].matches`: "Precedence MUST be given to the rule with the largest number of: characters in a
matching non-wildcard hostname; characters in a matching hostname; characters in a matching service; characters in a
matching method; header matches." HTTPRouteSpec, after the hostname: "'Exact' path match; 'Prefix' path match with
largest number of characters; method match; largest number of header matches; largest number of query param matches."
Ties: `age` of the routes, then the first rule, then the first match.

The spec does not say where regular expressions stand: in a GRPCRoute an exact name goes before any expression, in an
HTTPRoute an expression goes before any prefix (there is always "/"); expressions go by their length. Routes of two
kinds never meet on a hostname (`cross_serving`).
"""

from dataclasses import dataclass

from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.hostnames import specificity
from gatelab.kinds.gatewayapi import MethodMatch, Route
from gatelab.proxy import model

Rank = tuple[object, ...]
"""What counts of a match itself, whatever route and host it belongs to; the first in ascending order is tried first."""
SortKey = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RankedMatch:
    match: model.RouteMatch
    rank: Rank


def grpc_rank(method: MethodMatch | None, headers: int) -> Rank:
    """The rank of a match on `method` with that many header matches."""
    method = method or MethodMatch()
    return (*_name(method.type, method.service), *_name(method.type, method.method), -headers)


def _name(type_: str, text: str) -> tuple[bool, int]:
    return (not text or type_ != "Exact", -len(text))


_PATHS = ("exact", "regex", "prefix")


def http_rank(match: model.RouteMatch) -> Rank:
    """The rank of a match of an HTTPRoute. A slash at the end of a prefix does not count."""
    path = match.path.value.rstrip("/") if match.path.kind == "prefix" else match.path.value
    length = 0 if match.path.kind == "exact" else len(path)
    return (_PATHS.index(match.path.kind), -length, not match.method, -len(match.headers), -len(match.query))


def order(hostname: str, rank: Rank, route: Route, rule: int, index: int) -> SortKey:
    """Sorts ascending: what comes first is tried first. `hostname` is the route's own, "*" if it names none."""
    exact, characters = specificity(hostname)
    return (-exact, -characters, type(route).__name__, rank, *age(route), rule, index)
