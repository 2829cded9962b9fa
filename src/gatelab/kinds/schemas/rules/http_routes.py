"""HTTPRoute: the rules that the CustomResourceDefinition writes in CEL."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.durations import parse_duration_ns
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import routes

_FILTER_FIELDS = {
    "CORS": "cors",
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "ExternalAuth": "externalAuth",
}
_ONCE = ("CORS", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")
_PATH_CHARACTERS = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+")
_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F", "#")
_NOT_AT_ENDS = ("/..", "/.")
_PREFIX_FILTERS = {"RequestRedirect": "requestRedirect", "URLRewrite": "urlRewrite"}

Rule = Mapping[str, Any]


def http_route(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj["spec"]
    rules = spec.get("rules") or ()
    yield from routes.parent_refs(spec.get("parentRefs") or ())
    yield from routes.number_of_matches(rules)
    yield from routes.rule_names(rules)
    for index, rule in enumerate(rules):
        yield from _rule(rule, f"spec.rules[{index}]")


def _rule(rule: Rule, path: str) -> Iterator[Problem]:
    yield from _filters_and_matches(rule, path)
    for number, match in enumerate(rule.get("matches") or ()):
        yield from _path(match.get("path") or {}, f"{path}.matches[{number}].path")
    yield from _filters(rule.get("filters") or (), f"{path}.filters")
    for number, backend in enumerate(rule.get("backendRefs") or ()):
        yield from routes.backend_ref(backend, f"{path}.backendRefs[{number}]")
        yield from _filters(backend.get("filters") or (), f"{path}.backendRefs[{number}].filters")
    yield from _timeouts(rule.get("timeouts") or {}, f"{path}.timeouts")
    yield from routes.session_persistence(rule.get("sessionPersistence") or {}, f"{path}.sessionPersistence")


def _filters_and_matches(rule: Rule, path: str) -> Iterator[Problem]:
    filters = rule.get("filters") or ()
    if rule.get("backendRefs") and any("requestRedirect" in each for each in filters):
        rule_ = "RequestRedirect filter must not be used together with backendRefs"
        yield problems.invalid(path, "object", rule_)
    if _has_one_prefix_match(rule):
        return
    must = "exactly one PathPrefix match must be specified"
    behind = [each for backend in rule.get("backendRefs") or () for each in backend.get("filters") or ()]
    for type_, field in _PREFIX_FILTERS.items():
        using = f"using {type_} filter with path.replacePrefixMatch"
        if _replaces_prefix(filters, field):
            yield problems.invalid(path, "object", f"When {using}, {must}")
        if _replaces_prefix(behind, field):
            when = "when" if type_ == "RequestRedirect" else "When"
            yield problems.invalid(path, "object", f"Within backendRefs, {when} {using}, {must}")


def _has_one_prefix_match(rule: Rule) -> bool:
    matches = list(rule.get("matches") or ())
    return len(matches) == 1 and (matches[0].get("path") or {}).get("type") == "PathPrefix"


def _replaces_prefix(filters: Sequence[Mapping[str, Any]], field: str) -> bool:
    return any("replacePrefixMatch" in ((each.get(field) or {}).get("path") or {}) for each in filters)


def _path(match: Mapping[str, Any], path: str) -> Iterator[Problem]:
    value: str = match.get("value", "/")
    if match.get("type", "PathPrefix") == "RegularExpression":
        return
    for rule in _path_faults(value):
        yield problems.invalid(path, "object", f"{rule} ['Exact', 'PathPrefix']")


def _path_faults(value: str) -> Iterator[str]:
    if not value.startswith("/"):
        yield "value must be an absolute path and start with '/' when type one of"
    for part in _NOT_IN_PATHS:
        if part in value:
            yield f"must not contain '{part}' when type one of"
    for part in _NOT_AT_ENDS:
        if value.endswith(part):
            yield f"must not end with '{part}' when type one of"
    if not _PATH_CHARACTERS.fullmatch(value):
        yield (
            "must only contain valid characters (matching "
            "^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$) for types"
        )


def _filters(found: Sequence[Mapping[str, Any]], path: str) -> Iterator[Problem]:
    yield from routes.filters(found, path, field_of=_FILTER_FIELDS, once=_ONCE)
    types = {each["type"] for each in found}
    if {"RequestRedirect", "URLRewrite"} <= types:
        rule = "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both"
        yield problems.invalid(path, "array", rule)
    for index, each in enumerate(found):
        for field in _PREFIX_FILTERS.values():
            modifier = (each.get(field) or {}).get("path")
            if modifier is not None:
                yield from _path_modifier(modifier, f"{path}[{index}].{field}.path")
        yield from _cors(each.get("cors") or {}, f"{path}[{index}].cors")
        if "externalAuth" in each:
            yield from _external_auth(each["externalAuth"], f"{path}[{index}].externalAuth")


def _path_modifier(modifier: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for type_, field in (("ReplaceFullPath", "replaceFullPath"), ("ReplacePrefixMatch", "replacePrefixMatch")):
        if modifier["type"] == type_ and field not in modifier:
            yield problems.invalid(path, "object", f"{field} must be specified when type is set to '{type_}'")
        if modifier["type"] != type_ and field in modifier:
            yield problems.invalid(path, "object", f"type must be '{type_}' when {field} is set")


def _cors(cors: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for field, others in (("allowHeaders", "methods"), ("allowMethods", "methods"), ("allowOrigins", "origins")):
        found = cors.get(field) or ()
        if "*" in found and len(found) > 1:
            rule = f"{field[0].upper()}{field[1:]} cannot contain '*' alongside other {others}"
            yield problems.invalid(f"{path}.{field}", "array", rule)


def _external_auth(settings: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from routes.backend_ref(settings["backendRef"], f"{path}.backendRef")
    for protocol, field in (("GRPC", "grpc"), ("HTTP", "http")):
        if settings["protocol"] == protocol and field not in settings:
            yield problems.invalid(path, "object", f"{field} must be specified when protocol is set to '{protocol}'")
        if settings["protocol"] != protocol and field in settings:
            yield problems.invalid(path, "object", f"protocol must be '{protocol}' when {field} is set")


def _timeouts(timeouts: Mapping[str, str], path: str) -> Iterator[Problem]:
    if "request" not in timeouts or "backendRequest" not in timeouts:
        return
    whole = parse_duration_ns(timeouts["request"])
    if whole != 0 and parse_duration_ns(timeouts["backendRequest"]) > whole:
        rule = "backendRequest timeout cannot be longer than request timeout"
        yield problems.invalid(path, "object", rule)
