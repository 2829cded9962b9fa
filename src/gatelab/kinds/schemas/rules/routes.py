"""What the rules of all kinds of routes have in common: parents, backends, filters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

MOST_MATCHES = 128


def parent_refs(references: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """A parent is named once, or section by section, or port by port."""
    sections: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
    for each in references:
        place = (each.get("group"), each.get("kind"), each.get("namespace") or "", each.get("name"))
        sections.setdefault(place, []).append((each.get("sectionName") or "", each.get("port") or 0))
    which = "when parentRefs includes 2 or more references to the same parent"
    if any(len({(bool(name), bool(port)) for name, port in found}) > 1 for found in sections.values()):
        yield problems.invalid("spec.parentRefs", "array", f"sectionName or port must be specified {which}")
    if any(len(set(found)) < len(found) for found in sections.values()):
        yield problems.invalid("spec.parentRefs", "array", f"sectionName or port must be unique {which}")


def rule_names(rules: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """A name is that of one rule."""
    names = [rule["name"] for rule in rules if "name" in rule]
    if len(set(names)) < len(names):
        yield problems.invalid("spec.rules", "array", "Rule name must be unique within the route")


def session_persistence(settings: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """A cookie that outlives the browser has an end; a header has no settings of a cookie."""
    cookie = settings.get("cookieConfig")
    if cookie is None:
        return
    if cookie.get("lifetimeType") == "Permanent" and "absoluteTimeout" not in settings:
        rule = "AbsoluteTimeout must be specified when cookie lifetimeType is Permanent"
        yield problems.invalid(path, "object", rule)
    if settings.get("type") != "Cookie":
        yield problems.invalid(path, "object", "cookieConfig can only be set with type Cookie")


def number_of_matches(rules: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    if sum(len(rule.get("matches") or ()) for rule in rules) > MOST_MATCHES:
        rule = (
            "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a "
            f"route must be less than {MOST_MATCHES}"
        )
        yield problems.invalid("spec.rules", "array", rule)


def backend_ref(reference: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """A Service is named with its port."""
    if reference.get("group") == "" and reference.get("kind") == "Service" and "port" not in reference:
        yield problems.invalid(path, "object", "Must have port for Service reference")


def filters(
    found: Sequence[Mapping[str, Any]], path: str, *, field_of: Mapping[str, str], once: Sequence[str]
) -> Iterator[Problem]:
    """A filter has the field of its type and no other; those of the types in `once` stand once in a list."""
    types = [each["type"] for each in found]
    for index, each in enumerate(found):
        wanted = field_of[each["type"]]
        if wanted not in each:
            rule = f"filter.{wanted} must be specified for {each['type']} filter.type"
            yield problems.invalid(f"{path}[{index}]", "object", rule)
        for type_, other in field_of.items():
            if other != wanted and other in each:
                rule = f"filter.{other} must be nil if the filter.type is not {type_}"
                yield problems.invalid(f"{path}[{index}]", "object", rule)
        if "requestMirror" in each:
            yield from _mirror(each["requestMirror"], f"{path}[{index}].requestMirror")
    for type_ in once:
        if types.count(type_) > 1:
            yield problems.invalid(path, "array", f"{type_} filter cannot be repeated")


def _mirror(mirror: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from backend_ref(mirror["backendRef"], f"{path}.backendRef")
    fraction = mirror.get("fraction")
    if fraction is None:
        return
    if "percent" in mirror:
        rule = "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter"
        yield problems.invalid(path, "object", rule)
    if fraction["numerator"] > fraction.get("denominator", 100):
        rule = "numerator must be less than or equal to denominator"
        yield problems.invalid(f"{path}.fraction", "object", rule)
