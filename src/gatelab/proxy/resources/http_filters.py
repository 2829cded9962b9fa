"""HTTP filters beside the router: in every chain, asleep, and woken by the hosts and routes that need them.

A chain that got a filter with the first route that needs it would be another chain: Envoy would drain the connections
of the old one. A filter that is asleep costs one look into the route per request: all three together 1 % of Envoy's own
instructions for a call (callgrind). One that is awake is not as cheap (`grpc_web`).
"""

import functools

from envoy.config.route.v3.route_components_pb2 import FilterConfig
from envoy.extensions.filters.http.cors.v3.cors_pb2 import Cors as CorsFilter
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy
from envoy.extensions.filters.http.grpc_web.v3.grpc_web_pb2 import GrpcWeb
from envoy.extensions.filters.http.stateful_session.v3.stateful_session_pb2 import (
    StatefulSession,
    StatefulSessionPerRoute,
)
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.http.stateful_session.cookie.v3.cookie_pb2 import CookieBasedSessionState
from envoy.extensions.http.stateful_session.header.v3.header_pb2 import HeaderBasedSessionState
from envoy.type.http.v3.cookie_pb2 import Cookie, CookieAttribute
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.model import Cors, Session
from gatelab.proxy.resources.encoded import packed
from gatelab.proxy.resources.sources import duration

CORS = "envoy.filters.http.cors"
GRPC_WEB = "envoy.filters.http.grpc_web"
SESSION = "envoy.filters.http.stateful_session"


def asleep() -> list[HttpFilter]:
    """The filters in their order: a preflight is answered before anything else is done."""
    filters: tuple[tuple[str, Message], ...] = (
        (CORS, CorsFilter()),
        (GRPC_WEB, GrpcWeb()),
        (SESSION, StatefulSession()),
    )
    return [HttpFilter(name=name, typed_config=packed(config), disabled=True) for name, config in filters]


@functools.cache
def awake() -> AnyMessage:
    """For a filter that has no settings per route: it is on."""
    return packed(FilterConfig(config=AnyMessage()))


def cors_policy(cors: Cors) -> AnyMessage:
    """Envoy names the method and the headers that were asked for where "*" may not stand (with credentials).

    A preflight of another origin gets 200 without any of the headers, and never meets a backend.
    """
    policy = CorsPolicy(
        allow_origin_string_match=[StringMatcher(safe_regex=RegexMatcher(regex=each)) for each in cors.origins],
        allow_methods=", ".join(cors.methods),
        allow_headers=", ".join(cors.headers),
        expose_headers=", ".join(cors.exposed_headers),
        max_age=str(cors.max_age_s),
        allow_credentials=BoolValue(value=cors.credentials),
        forward_not_matching_preflights=BoolValue(value=False),
    )
    return packed(policy)


def session_state(session: Session) -> AnyMessage:
    """What a client brings names an endpoint; if that is gone another one is chosen, and the client told."""
    state: CookieBasedSessionState | HeaderBasedSessionState
    if session.carrier == "header":
        state = HeaderBasedSessionState(name=session.name)
    else:
        cookie = Cookie(name=session.name, path=session.path)
        if session.lifetime_s is not None:
            cookie.ttl.CopyFrom(duration(session.lifetime_s))
        if session.secure:
            cookie.attributes.append(CookieAttribute(name="Secure"))
        state = CookieBasedSessionState(cookie=cookie)
    filter_ = StatefulSession()
    filter_.session_state.name = f"envoy.http.stateful_session.{session.carrier}"
    filter_.session_state.typed_config.CopyFrom(packed(state))
    return packed(StatefulSessionPerRoute(stateful_session=filter_))
