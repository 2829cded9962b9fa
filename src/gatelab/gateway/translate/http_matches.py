"""Matches of an HTTPRoute: path, headers, query parameters, method (HTTPRoute API, `HTTPRouteMatch`)."""

import re

from gatelab.gateway.translate.header_matches import expression, headers, query_parameters
from gatelab.gateway.translate.precedence import RankedMatch, http_rank
from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.gatewayapi import HTTPPathMatch, HTTPRouteMatch
from gatelab.proxy import model

_PATH = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*")
_METHODS = frozenset({"", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"})


def translated(match: HTTPRouteMatch) -> RankedMatch:
    """The match in the proxy's words. Raises Unsupported."""
    if match.method not in _METHODS:
        raise Unsupported(f"method {match.method} is not supported; requests of that kind are not forwarded")
    found = model.RouteMatch(
        path=_path(match.path),
        headers=headers(match.headers),
        method=match.method,
        query=query_parameters(match.query_params),
    )
    return RankedMatch(found, http_rank(found))


def _path(match: HTTPPathMatch) -> model.PathMatch:
    if match.type == "RegularExpression":
        return model.PathMatch("regex", expression("path.value", match.value))
    if match.type not in ("Exact", "PathPrefix"):
        raise Unsupported(f"path.type {match.type} is not supported; use Exact, PathPrefix or RegularExpression")
    if not _PATH.fullmatch(match.value):
        raise Unsupported(f"path.value {brief(match.value)!r} is not the path of a URL, beginning with /")
    return model.PathMatch("exact" if match.type == "Exact" else "prefix", match.value)
