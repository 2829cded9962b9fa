"""Filters that find the hosts that have no scope of their own: names in other case, and wildcards.

Their code is written here, whole: nothing that anybody configures or asks for becomes a part of it.
"""

import functools
from collections.abc import Sequence

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.resources.encoded import packed

OTHERS = "?"
"""The scope of every host that is not an exact name. No client can ask for it: no authority has a question mark."""
WANTED_HOST = "x-gatelab-host"
"""By which the hosts among the others are told apart; no backend sees it."""

_CASE = "gatelab.host_in_lower_case"
_OTHER_HOSTS = "gatelab.other_hosts"

# `metadata()` makes Envoy look for the route, which it does once in each filter: so there are two.
_LUA = {
    _CASE: """
        function envoy_on_request(handle)
          local headers = handle:headers()
          local host = headers:get(":authority") or ""
          if host:lower() ~= host then
            headers:replace(":authority", host:lower())
            handle:clearRouteCache()
            handle:metadata()
            headers:replace(":authority", host)
          end
        end
    """,
    _OTHER_HOSTS: f"""
        function envoy_on_request(handle)
          if handle:streamInfo():routeName() ~= "" then return end
          local headers = handle:headers()
          local host = headers:get(":authority") or ""
          headers:replace("{WANTED_HOST}", (host:lower():gsub(":%d+$", "")))
          headers:replace(":authority", "{OTHERS}")
          handle:clearRouteCache()
          handle:metadata()
          headers:replace(":authority", host)
          headers:remove("{WANTED_HOST}")
        end
    """,
}


@functools.cache
def host_filters() -> Sequence[HttpFilter]:
    """The two, in their order. They go before all others."""
    return tuple(HttpFilter(name=name, typed_config=packed(_lua(code))) for name, code in _LUA.items())


def _lua(code: str) -> Lua:
    return Lua(default_source_code=DataSource(inline_string=code), clear_route_cache=BoolValue(value=False))
