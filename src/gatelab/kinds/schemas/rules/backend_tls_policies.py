"""BackendTLSPolicy: the rules that the CustomResourceDefinition writes in CEL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_NAMES = {"Hostname": ("hostname", "Hostname"), "URI": ("uri", "URI")}


def backend_tls_policy(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj["spec"]
    yield from _targets(spec["targetRefs"])
    validation = spec["validation"]
    named, known = bool(validation.get("caCertificateRefs")), bool(validation.get("wellKnownCACertificates"))
    if named and known:
        rule = "must not contain both CACertificateRefs and WellKnownCACertificates"
        yield problems.invalid("spec.validation", "object", rule)
    if not named and not known:
        rule = "must specify either CACertificateRefs or WellKnownCACertificates"
        yield problems.invalid("spec.validation", "object", rule)
    for index, each in enumerate(validation.get("subjectAltNames") or ()):
        yield from _subject_alt_name(each, f"spec.validation.subjectAltNames[{index}]")


def _targets(references: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """A target is named once, or section by section."""
    sections: dict[tuple[Any, ...], list[str]] = {}
    for each in references:
        place = (each["group"], each["kind"], each["name"])
        sections.setdefault(place, []).append(each.get("sectionName") or "")
    which = "when targetRefs includes 2 or more references to the same target"
    if any("" in found and any(found) for found in sections.values()):
        yield problems.invalid("spec.targetRefs", "array", f"sectionName must be specified {which}")
    if any(len(set(found)) < len(found) for found in sections.values()):
        yield problems.invalid("spec.targetRefs", "array", f"sectionName must be unique {which}")


def _subject_alt_name(name: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for type_, (field, word) in _NAMES.items():
        if name["type"] == type_ and not name.get(field):
            rule = f"SubjectAltName element must contain {word}, if Type is set to {type_}"
            yield problems.invalid(path, "object", rule)
        if name["type"] != type_ and name.get(field):
            rule = f"SubjectAltName element must not contain {word}, if Type is not set to {type_}"
            yield problems.invalid(path, "object", rule)
