"""GRPCRoute: the rules that the CustomResourceDefinition writes in CEL."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import routes

_SERVICE = re.compile(r"\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*", re.IGNORECASE | re.ASCII)
_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_FILTER_FIELDS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "ExtensionRef": "extensionRef",
}
_ONCE = ("RequestHeaderModifier", "ResponseHeaderModifier")


def grpc_route(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    rules = spec.get("rules") or ()
    yield from routes.parent_refs(spec.get("parentRefs") or ())
    yield from routes.number_of_matches(rules)
    yield from routes.rule_names(rules)
    for index, rule in enumerate(rules):
        path = f"spec.rules[{index}]"
        for number, match in enumerate(rule.get("matches") or ()):
            yield from _match(match.get("method"), f"{path}.matches[{number}].method")
        yield from _filters(rule.get("filters") or (), f"{path}.filters")
        for number, backend in enumerate(rule.get("backendRefs") or ()):
            yield from routes.backend_ref(backend, f"{path}.backendRefs[{number}]")
            yield from _filters(backend.get("filters") or (), f"{path}.backendRefs[{number}].filters")
        yield from routes.session_persistence(rule.get("sessionPersistence") or {}, f"{path}.sessionPersistence")


def _match(method: Mapping[str, Any] | None, path: str) -> Iterator[Problem]:
    if method is None:
        return
    service, name = method.get("service"), method.get("method")
    if service is None and name is None:
        yield problems.invalid(path, "object", "One or both of 'service' or 'method' must be specified")
    if method.get("type", "Exact") != "Exact":
        return
    if service is not None and not _SERVICE.fullmatch(service):
        rule = "service must only contain valid characters (matching ^(?i)\\.?[a-z_][a-z_0-9]*(\\.[a-z_][a-z_0-9]*)*$)"
        yield problems.invalid(path, service, rule)
    if name is not None and not _METHOD.fullmatch(name):
        rule = "method must only contain valid characters (matching ^[A-Za-z_][A-Za-z_0-9]*$)"
        yield problems.invalid(path, name, rule)


def _filters(found: Sequence[Mapping[str, Any]], path: str) -> Iterator[Problem]:
    yield from routes.filters(found, path, field_of=_FILTER_FIELDS, once=_ONCE)
