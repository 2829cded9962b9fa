"""GRPCRoute: the rules that the CustomResourceDefinition writes in CEL."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_SERVICE = re.compile(r"\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*", re.IGNORECASE | re.ASCII)
_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_MOST_MATCHES = 128
_FILTER_FIELDS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "ExtensionRef": "extensionRef",
}


def grpc_route(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    yield from parent_refs(spec.get("parentRefs") or ())
    rules = spec.get("rules") or ()
    count = sum(len(rule.get("matches") or ()) for rule in rules)
    if count > _MOST_MATCHES:
        yield problems.too_many("spec.rules", count, _MOST_MATCHES)
    names: set[str] = set()
    for index, rule in enumerate(rules):
        path = f"spec.rules[{index}]"
        if (name := rule.get("name")) is not None:
            if name in names:
                yield problems.invalid("spec.rules", name, "Rule name must be unique within the route")
            names.add(name)
        for number, match in enumerate(rule.get("matches") or ()):
            yield from _match(match.get("method"), f"{path}.matches[{number}].method")
        yield from filters(rule.get("filters") or (), f"{path}.filters")
        for number, backend in enumerate(rule.get("backendRefs") or ()):
            yield from backend_ref(backend, f"{path}.backendRefs[{number}]")
            yield from filters(backend.get("filters") or (), f"{path}.backendRefs[{number}].filters")


def parent_refs(references: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Shared by all kinds of routes: a parent is named once, or section by section."""
    seen: set[tuple[Any, ...]] = set()
    for index, each in enumerate(references):
        place = tuple(each.get(name) for name in ("group", "kind", "namespace", "name", "sectionName", "port"))
        if place in seen:
            rule = "sectionName or port must be unique when parentRefs includes 2 or more references to the same parent"
            yield problems.invalid(f"spec.parentRefs[{index}]", each["name"], rule)
        seen.add(place)


def _match(method: Mapping[str, Any] | None, path: str) -> Iterator[Problem]:
    if method is None:
        return
    service, name = method.get("service"), method.get("method")
    if not service and not name:
        yield problems.invalid(path, "object", "One or both of 'service' or 'method' must be specified")
    if method.get("type", "Exact") != "Exact":
        return
    if service and not _SERVICE.fullmatch(service):
        rule = "service must only contain valid characters (matching ^(?i)\\.?[a-z_][a-z_0-9]*(\\.[a-z_][a-z_0-9]*)*$)"
        yield problems.invalid(path, service, rule)
    if name and not _METHOD.fullmatch(name):
        rule = "method must only contain valid characters (matching ^[A-Za-z_][A-Za-z_0-9]*$)"
        yield problems.invalid(path, name, rule)


def filters(found: Sequence[Mapping[str, Any]], path: str) -> Iterator[Problem]:
    """A filter has the field of its type and no other; header modifiers stand once in a list."""
    types = [each["type"] for each in found]
    for index, each in enumerate(found):
        wanted = _FILTER_FIELDS[each["type"]]
        if wanted not in each:
            rule = f"filter.{wanted} must be specified for {each['type']} filter.type"
            yield problems.invalid(f"{path}[{index}]", "object", rule)
        for other in _FILTER_FIELDS.values():
            if other != wanted and other in each:
                rule = f"filter.{other} must be nil if the filter.type is not {other[0].upper()}{other[1:]}"
                yield problems.invalid(f"{path}[{index}]", "object", rule)
        if "backendRef" in each.get("requestMirror", {}):
            yield from backend_ref(each["requestMirror"]["backendRef"], f"{path}[{index}].requestMirror.backendRef")
    for once in ("RequestHeaderModifier", "ResponseHeaderModifier"):
        if types.count(once) > 1:
            yield problems.invalid(path, "array", f"{once} filter cannot be repeated")


def backend_ref(reference: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Shared by all kinds of routes: a Service is named with its port."""
    if reference.get("group") == "" and reference.get("kind") == "Service" and "port" not in reference:
        yield problems.invalid(path, "object", "Must have port for Service reference")
