"""Which requests a route takes: RouteMatch."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, QueryParameterMatcher
from envoy.config.route.v3.route_components_pb2 import RouteMatch as EnvoyRouteMatch
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gatelab.proxy.model import HeaderMatch, PathMatch, QueryMatch, RouteMatch


def route_match(match: RouteMatch) -> EnvoyRouteMatch:
    """All parts of the match; an exact path or a regex never sees the query."""
    envoy = _path(match.path)
    envoy.headers.extend(_header(header) for header in match.headers)
    envoy.query_parameters.extend(_query(parameter) for parameter in match.query)
    if match.method:
        envoy.headers.append(HeaderMatcher(name=":method", string_match=StringMatcher(exact=match.method)))
    if match.grpc:
        # Envoy's own word for gRPC (`grpc`) does not take gRPC-Web.
        envoy.headers.append(HeaderMatcher(name="content-type", string_match=StringMatcher(prefix="application/grpc")))
    return envoy


def _path(path: PathMatch) -> EnvoyRouteMatch:
    if path.kind == "exact":
        return EnvoyRouteMatch(path=path.value)
    if path.kind == "regex":
        return EnvoyRouteMatch(safe_regex=RegexMatcher(regex=path.value))
    segments = path.value.rstrip("/")
    return EnvoyRouteMatch(path_separated_prefix=segments) if segments else EnvoyRouteMatch(prefix="/")


def _header(header: HeaderMatch) -> HeaderMatcher:
    # Envoy keeps the Host header as HTTP/2 has it, and knows none by its old name.
    name = ":authority" if header.name == "host" else header.name
    return HeaderMatcher(name=name, string_match=_text(header))


def _query(parameter: QueryMatch) -> QueryParameterMatcher:
    return QueryParameterMatcher(name=parameter.name, string_match=_text(parameter))


def _text(match: HeaderMatch | QueryMatch) -> StringMatcher:
    if match.kind == "exact":
        return StringMatcher(exact=match.value)
    return StringMatcher(safe_regex=RegexMatcher(regex=match.value))
