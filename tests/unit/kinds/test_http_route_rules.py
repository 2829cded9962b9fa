"""HTTPRoute and ReferenceGrant: defaults, and what is refused with upstream's words."""

from typing import Any

import pytest

from gatelab.kinds.builtin import GRPC_ROUTE, HTTP_ROUTE, REFERENCE_GRANT
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import rules
from gatelab.kinds.schemas.catalogue import schema_of
from gatelab.kinds.schemas.check import rule_problems


def route(*found: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "r", "namespace": "n"}, "spec": {"rules": list(found), **spec}}


def path(value: str, type_: str = "PathPrefix") -> dict[str, Any]:
    return {"matches": [{"path": {"type": type_, "value": value}}]}


def filtered(*filters: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"filters": list(filters), **rule}


def redirect(**fields: Any) -> dict[str, Any]:
    return {"type": "RequestRedirect", "requestRedirect": fields}


def rewrite(**fields: Any) -> dict[str, Any]:
    return {"type": "URLRewrite", "urlRewrite": fields}


def mirror(**fields: Any) -> dict[str, Any]:
    reference = {"name": "a", "port": 1}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": reference, **fields}}


def cors(**fields: Any) -> dict[str, Any]:
    return {"type": "CORS", "cors": fields}


def problems(kind: Kind, obj: dict[str, Any]) -> list[str]:
    complete = with_defaults(kind, obj)
    found = rule_problems(schema_of(kind), complete) or rules.broken(kind, complete, None)
    return [str(each) for each in found]


PREFIX = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/x"}
SERVICE = {"name": "a", "port": 1}
HEADERS = {"type": "RequestHeaderModifier", "requestHeaderModifier": {}}


def test_a_route_without_rules_takes_every_path() -> None:
    spec = with_defaults(HTTP_ROUTE, {"metadata": {"name": "r"}, "spec": {}})["spec"]
    assert spec == {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]}


def test_matches_backends_and_filters_are_completed() -> None:
    rule = {"matches": [{"method": "GET"}], "backendRefs": [{"name": "a", "port": 1, "filters": [cors()]}]}
    (complete,) = with_defaults(HTTP_ROUTE, route(rule, filtered(redirect())))["spec"]["rules"][:1]
    assert complete["matches"] == [{"method": "GET", "path": {"type": "PathPrefix", "value": "/"}}]
    (backend,) = complete["backendRefs"]
    assert (backend["kind"], backend["weight"], backend["filters"][0]["cors"]) == ("Service", 1, {"maxAge": 5})


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (route(path("x")), "value must be an absolute path and start with '/'"),
        (route(path("/a//b", "Exact")), "must not contain '//'"),
        (route(path("/a/../b")), "must not contain '/../'"),
        (route(path("/a/..")), "must not end with '/..'"),
        (route(path("/a%2fb")), "must not contain '%2f'"),
        (route(path("/ä")), "must only contain valid characters"),
        (route({"matches": [{"method": "get"}]}), "Unsupported value"),
        (route({"matches": [{}] * 64}, {"matches": [{}] * 64}, {"matches": [{}]}), "must be less than 128"),
        (route({"backendRefs": [{"name": "a"}]}), "Must have port for Service reference"),
        (route(filtered({"type": "RequestRedirect"})), "filter.requestRedirect must be specified"),
        (route(filtered({**redirect(), "urlRewrite": {}})), "filter.urlRewrite must be nil"),
        (route(filtered(HEADERS, HEADERS)), "RequestHeaderModifier filter cannot be repeated"),
        (route(filtered(redirect(), rewrite())), "but not both"),
        (route(filtered(redirect(), backendRefs=[SERVICE])), "must not be used together with backendRefs"),
        (route(filtered(redirect(statusCode=303), redirect(statusCode=200))), "Unsupported value: 200"),
        (route({**filtered(redirect(path=PREFIX)), **path("/a", "Exact")}), "exactly one PathPrefix match"),
        (route({**filtered(rewrite(path=PREFIX)), "matches": [{}, {}]}), "exactly one PathPrefix match"),
        (route(filtered(rewrite(path={"type": "ReplaceFullPath"}))), "replaceFullPath must be specified"),
        (route(filtered(rewrite(path={**PREFIX, "replaceFullPath": "/"}))), "type must be 'ReplaceFullPath'"),
        (route(filtered(mirror(percent=1, fraction={"numerator": 1}))), "Only one of percent or fraction"),
        (route(filtered(mirror(fraction={"numerator": 101}))), "numerator must be less than or equal"),
        (route(filtered(cors(allowOrigins=["*", "http://a"]))), "AllowOrigins cannot contain '*'"),
        (route(filtered(cors(allowMethods=["GET", "GET"]))), "Duplicate value"),
        (route({"timeouts": {"request": "1s", "backendRequest": "2s"}}), "cannot be longer than request timeout"),
        (route({"timeouts": {"request": "1"}}), "should match"),
        (route({"name": "A"}), "should match"),
        (route(rules=[]), "at least 1 items"),
        (route({}, parentRefs=[{"name": "g"}, {"name": "g", "port": 80}]), "sectionName or port must be specified"),
        (
            route({}, parentRefs=[{"name": "g"}, {"name": "g", "sectionName": "s"}]),
            "sectionName or port must be specified",
        ),
        (route({}, parentRefs=[{"name": "g"}, {"name": "g"}]), "sectionName or port must be unique"),
        ({"metadata": {"name": "r"}}, "spec: Required value"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_upstream_refuses(obj: dict[str, Any], words: str) -> None:
    assert any(words in each for each in problems(HTTP_ROUTE, obj)), problems(HTTP_ROUTE, obj)


@pytest.mark.parametrize(
    "obj",
    [
        route(path("/a%20b/~c;d=e"), path("a(", "RegularExpression")),
        route({**filtered(redirect(path=PREFIX)), **path("/a")}),
        route(filtered(rewrite(hostname="a.b")), {"timeouts": {"request": "0s", "backendRequest": "5s"}}),
        route({}, parentRefs=[{"name": "g", "sectionName": "a"}, {"name": "g", "sectionName": "b"}, {"name": "h"}]),
        route(filtered(mirror(fraction={"numerator": 1, "denominator": 1}), mirror(percent=0))),
    ],
)
def test_what_upstream_takes(obj: dict[str, Any]) -> None:
    assert problems(HTTP_ROUTE, obj) == []


def test_grpc_routes_share_the_rules_of_parents_and_mirrors() -> None:
    broken = route(filtered(mirror(fraction={"numerator": 101})), parentRefs=[{"name": "g"}, {"name": "g"}])
    assert len(problems(GRPC_ROUTE, broken)) == 2


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"from": [], "to": [{"group": "", "kind": "Service"}]}, "at least 1 items"),
        ({"to": [{"group": "", "kind": "Service"}]}, "spec.from: Required value"),
        ({"from": [{"group": "", "kind": "A"}], "to": [{"group": "", "kind": "B"}]}, "namespace: Required value"),
    ],
)
def test_a_grant_names_both_sides(spec: dict[str, Any], words: str) -> None:
    obj = {"metadata": {"name": "g", "namespace": "n"}, "spec": spec}
    assert any(words in each for each in problems(REFERENCE_GRANT, obj))
