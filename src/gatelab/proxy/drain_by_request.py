"""Draining by a GET request to the ready port, for images that have nothing but Envoy in them: an httpGet preStop hook.

A script in Envoy's own filter chain asks the admin interface to begin; the answer is held back while clients leave and
what is under way ends. `drain` does the same from outside, and needs not wait so long.
"""

from typing import Any

WAIT_S = 15
"""How long the answer takes: a fixed time, for the script cannot count connections."""

_TYPE = "type.googleapis.com/envoy.extensions.filters.http."
_SCRIPT = """
function envoy_on_request(handle)
  if handle:headers():get(":path") ~= "%s" then return end
  for _, path in ipairs({"/healthcheck/fail", "/drain_listeners?inboundonly"}) do
    local headers = {[":method"] = "POST", [":path"] = path, [":authority"] = "admin"}
    handle:httpCall("%s", headers, "", 5000)
  end
end
"""


def drain_filters(path: str, admin_cluster: str) -> list[dict[str, Any]]:
    """The filters before the router, as JSON."""
    script = {"@type": _TYPE + "lua.v3.Lua", "default_source_code": {"inline_string": _SCRIPT % (path, admin_cluster)}}
    return [
        {"name": "envoy.filters.http.lua", "typed_config": script},
        {"name": "envoy.filters.http.fault", "typed_config": {"@type": _TYPE + "fault.v3.HTTPFault"}},
    ]


def drain_route(path: str, wait_s: int = WAIT_S) -> dict[str, Any]:
    """The route of the request, as JSON."""
    delay = {
        "@type": _TYPE + "fault.v3.HTTPFault",
        "delay": {"fixed_delay": f"{wait_s}s", "percentage": {"numerator": 100}},
    }
    return {
        "match": {"path": path, "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]},
        "direct_response": {"status": 200},
        "typed_per_filter_config": {"envoy.filters.http.fault": delay},
    }
