"""Matches of a GRPCRoute: service and method are a path, headers are headers (GRPCRoute API, `GRPCRouteMatch`).

`/package.Service/Method` is the path of every gRPC call (gRPC over HTTP/2, "Requests").
"""

import re
from dataclasses import dataclass

from gatelab.gateway.translate.precedence import Rank, rank
from gatelab.kinds.gatewayapi import GRPCRouteMatch, HeaderMatch, MethodMatch
from gatelab.proxy import model, regex

_SERVICE = re.compile(r"\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_METHOD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+", re.ASCII)
_ANY_NAME = "[^/]+"


class UnsupportedMatch(ValueError):
    """A match that no proxy could be given; the text names the field, relative to the match, and the fix."""


@dataclass(frozen=True, slots=True)
class RankedMatch:
    match: model.RouteMatch
    rank: Rank


def translated(match: GRPCRouteMatch) -> RankedMatch:
    """The match in the proxy's words. Raises UnsupportedMatch."""
    headers = _headers(match.headers)
    path = _path(match.method) if match.method else model.PathMatch("prefix", "/")
    return RankedMatch(model.RouteMatch(path=path, headers=headers, grpc=True), rank(match.method, len(headers)))


def _path(method: MethodMatch) -> model.PathMatch:
    if method.type == "RegularExpression":
        service = _expression("method.service", method.service) if method.service else _ANY_NAME
        name = _expression("method.method", method.method) if method.method else _ANY_NAME
        whole = f"/{service}/{name}"
        if problem := regex.problem(whole):
            raise UnsupportedMatch(f"method: service and method together cannot be served ({problem}); shorten them")
        return model.PathMatch("regex", whole)
    if method.type != "Exact":
        raise UnsupportedMatch(f"method.type {method.type} is not supported; use Exact or RegularExpression")
    _check("method.service", method.service, _SERVICE)
    _check("method.method", method.method, _METHOD)
    if method.service and method.method:
        return model.PathMatch("exact", f"/{method.service}/{method.method}")
    if method.service:
        return model.PathMatch("prefix", f"/{method.service}")
    if method.method:
        return model.PathMatch("regex", f"/{_ANY_NAME}/{re.escape(method.method)}")
    return model.PathMatch("prefix", "/")


def _headers(matches: tuple[HeaderMatch, ...]) -> tuple[model.HeaderMatch, ...]:
    """Of several matches on one name only the first counts (`GRPCRouteMatch.headers`); names ignore case."""
    first: dict[str, model.HeaderMatch] = {}
    for index, each in enumerate(matches):
        name = each.name.lower()
        if name not in first:
            first[name] = _header(f"headers[{index}]", name, each)
    return tuple(first.values())


def _header(field: str, name: str, match: HeaderMatch) -> model.HeaderMatch:
    _check(f"{field}.name", name, _HEADER)
    if match.type == "RegularExpression":
        return model.HeaderMatch(name, "regex", _expression(f"{field}.value", match.value))
    if match.type != "Exact":
        raise UnsupportedMatch(f"{field}.type {match.type} is not supported; use Exact or RegularExpression")
    if any(ord(character) < 32 or ord(character) == 127 for character in match.value):
        raise UnsupportedMatch(f"{field}.value has control characters, which no header can have; remove them")
    return model.HeaderMatch(name, "exact", match.value)


def _check(field: str, text: str, pattern: re.Pattern[str]) -> None:
    if text and not pattern.fullmatch(text):
        raise UnsupportedMatch(f"{field} {text!r} is not a name; use type RegularExpression for patterns")


def _expression(field: str, pattern: str) -> str:
    """The expression in a group of its own, so that an alternative in it ends where it ends."""
    problem = regex.problem(pattern)
    if problem:
        raise UnsupportedMatch(
            f"{field} {pattern!r} is not a regular expression that can be served ({problem}); "
            "see https://github.com/google/re2/wiki/Syntax"
        )
    return f"(?:{pattern})"
