"""Matches of a GRPCRoute: service and method are a path, headers are headers (GRPCRoute API, `GRPCRouteMatch`).

`/package.Service/Method` is the path of every gRPC call (gRPC over HTTP/2, "Requests").
"""

import re

from gatelab.gateway.translate.header_matches import expression, headers
from gatelab.gateway.translate.precedence import RankedMatch, grpc_rank
from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.gatewayapi import GRPCRouteMatch, MethodMatch
from gatelab.proxy import model, regex

_SERVICE = re.compile(r"\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_METHOD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ANY_NAME = "[^/]+"


def translated(match: GRPCRouteMatch) -> RankedMatch:
    """The match in the proxy's words. Raises Unsupported."""
    found = headers(match.headers)
    path = _path(match.method) if match.method else model.PathMatch("prefix", "/")
    return RankedMatch(model.RouteMatch(path=path, headers=found, grpc=True), grpc_rank(match.method, len(found)))


def _path(method: MethodMatch) -> model.PathMatch:
    if method.type == "RegularExpression":
        service = expression("method.service", method.service) if method.service else _ANY_NAME
        name = expression("method.method", method.method) if method.method else _ANY_NAME
        whole = f"/{service}/{name}"
        if problem := regex.problem(whole):
            raise Unsupported(f"method: service and method together cannot be served ({problem}); shorten them")
        return model.PathMatch("regex", whole)
    if method.type != "Exact":
        raise Unsupported(f"method.type {method.type} is not supported; use Exact or RegularExpression")
    _check("method.service", method.service, _SERVICE)
    _check("method.method", method.method, _METHOD)
    if method.service and method.method:
        return model.PathMatch("exact", f"/{method.service}/{method.method}")
    if method.service:
        return model.PathMatch("prefix", f"/{method.service}")
    if method.method:
        return model.PathMatch("regex", f"/{_ANY_NAME}/{re.escape(method.method)}")
    return model.PathMatch("prefix", "/")


def _check(field: str, text: str, pattern: re.Pattern[str]) -> None:
    if text and not pattern.fullmatch(text):
        raise Unsupported(f"{field} {brief(text)!r} is not a name; use type RegularExpression for patterns")
