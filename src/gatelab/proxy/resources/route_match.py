"""Which requests a route takes: RouteMatch."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, QueryParameterMatcher
from envoy.config.route.v3.route_components_pb2 import RouteMatch as EnvoyRouteMatch
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gatelab.proxy.model import HeaderMatch, PathMatch, QueryMatch, RouteMatch

# Envoy's own word for gRPC (`grpc`) does not take gRPC-Web.
_IS_GRPC = HeaderMatcher(name="content-type", string_match=StringMatcher(prefix="application/grpc"))
IS_NO_GRPC = EnvoyRouteMatch(
    prefix="/",
    headers=[
        HeaderMatcher(
            name="content-type",
            string_match=_IS_GRPC.string_match,
            invert_match=True,
            # What is missing matches nothing, not even turned round.
            treat_missing_header_as_empty=True,
        )
    ],
)
"""Every other request, also one without a content type."""


def plain_grpc_match(match: RouteMatch) -> EnvoyRouteMatch:
    """Of the requests that the match takes the plain gRPC: `application/grpc` or `application/grpc+…`."""
    envoy = route_match(match, known_grpc=True)
    envoy.grpc.SetInParent()
    return envoy


def route_match(match: RouteMatch, *, known_grpc: bool = False) -> EnvoyRouteMatch:
    """All parts of the match; an exact path or a regex never sees the query. `known_grpc` asks no more for gRPC."""
    envoy = _path(match.path)
    envoy.headers.extend(_header(header) for header in match.headers)
    envoy.query_parameters.extend(_query(parameter) for parameter in match.query)
    if match.method:
        envoy.headers.append(HeaderMatcher(name=":method", string_match=StringMatcher(exact=match.method)))
    if match.grpc and not known_grpc:
        envoy.headers.append(_IS_GRPC)
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
    if header.kind == "absent":
        return HeaderMatcher(name=name, present_match=False)
    return HeaderMatcher(name=name, string_match=_text(header))


def _query(parameter: QueryMatch) -> QueryParameterMatcher:
    return QueryParameterMatcher(name=parameter.name, string_match=_text(parameter))


def _text(match: HeaderMatch | QueryMatch) -> StringMatcher:
    if match.kind == "exact":
        return StringMatcher(exact=match.value)
    return StringMatcher(safe_regex=RegexMatcher(regex=match.value))
