"""Precedence of HTTPRoutes, against an oracle that knows neither hosts nor tables."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelab.kinds.objects import Object
from gatelab.proxy.model import Route
from gateway_strategies import made, names, optional, required, result, unique

plain_http_matches = optional(
    path=required(
        type=st.sampled_from(["Exact", "PathPrefix"]),
        value=st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c"]),
    ),
    method=st.sampled_from(["GET", "PUT"]),
    headers=st.lists(
        required(name=st.sampled_from(["x", "y"]), value=st.sampled_from(["1", "2"])),
        max_size=2,
        unique_by=lambda each: str(each["name"]),
    ),
    queryParams=st.lists(
        required(name=st.sampled_from(["q", "r"]), value=st.just("1")),
        max_size=2,
        unique_by=lambda each: str(each["name"]),
    ),
)
plain_http_routes = st.builds(
    lambda name, each, created: made(
        "HTTPRoute",
        name,
        "default",
        {"parentRefs": [{"name": "gw"}], "rules": [{"matches": [m]} for m in each]},
        created,
    ),
    names,
    st.lists(plain_http_matches, min_size=1, max_size=4),
    st.integers(1, 2),
)
HttpRequest = tuple[str, str, dict[str, str], dict[str, str]]
REQUESTS: list[HttpRequest] = [
    (path, method, headers, query)
    for path in ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/c")
    for method in ("GET", "PUT")
    for headers in ({}, {"x": "1"}, {"x": "1", "y": "2"})
    for query in ({}, {"q": "1"}, {"q": "1", "r": "1"})
]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(plain_http_routes, min_size=2, max_size=4).map(unique))
def test_precedence_of_http_matches_is_the_oracles(these: list[Object]) -> None:
    listeners = [{"name": "l", "port": 80, "protocol": "HTTP"}]
    gateway = made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": listeners})
    (outcome,) = result([gateway, *these]).gateways.values()
    assert outcome.config is not None
    (host,) = outcome.config.route_tables[0].hosts
    for request in REQUESTS:
        found = next((route.name for route in host.routes if takes_http(route, request)), None)
        assert found == http_oracle(these, request)


def takes_http(route: Route, request: HttpRequest) -> bool:
    path, method, headers, query = request
    match = route.match
    prefix = match.path.value.rstrip("/")
    is_path = (
        path == match.path.value if match.path.kind == "exact" else path == prefix or path.startswith(f"{prefix}/")
    )
    return (
        is_path
        and match.method in ("", method)
        and all(headers.get(each.name) == each.value for each in match.headers)
        and all(query.get(each.name) == each.value for each in match.query)
    )


def http_oracle(these: Sequence[Object], request: HttpRequest) -> str | None:
    """The match that the spec gives a request to, in the words of the spec; segments are compared as lists."""
    path, method, headers, query = request
    best: list[tuple[Any, ...]] = []
    for route in these:
        meta = route["metadata"]
        for index, rule in enumerate(route["spec"]["rules"]):
            (match,) = rule["matches"]
            wanted = match.get("path", {"type": "PathPrefix", "value": "/"})
            exact = wanted["type"] == "Exact"
            segments = [each for each in wanted["value"].split("/") if each]
            asked = path.split("/")[1:]
            if (path != wanted["value"]) if exact else (segments != asked[: len(segments)]):
                continue
            if match.get("method", method) != method:
                continue
            fields, parameters = match.get("headers", ()), match.get("queryParams", ())
            if any(headers.get(each["name"]) != each["value"] for each in fields):
                continue
            if any(query.get(each["name"]) != each["value"] for each in parameters):
                continue
            characters = 0 if exact else len("/".join(segments))
            rank = (exact, characters, "method" in match, len(fields), len(parameters))
            age = (meta["creationTimestamp"], meta["name"], index)
            best.append((*(-each for each in rank), *age, f"HTTPRoute/default/{meta['name']}/rule-{index}/match-0"))
    return min(best)[-1] if best else None
