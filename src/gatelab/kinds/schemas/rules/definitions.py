"""CustomResourceDefinition: names, versions, schemas (`apiextensions-apiserver/pkg/apis/apiextensions/validation`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.custom import json_path
from gatelab.kinds.custom.structural import schema_problems
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_APPROVED = "api-approved.kubernetes.io"
_COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
_MOST_SELECTABLE = 8


def custom_resource_definition(crd: Object, before: Object | None) -> Iterator[Problem]:
    spec = crd["spec"]
    names, group = spec.get("names") or {}, spec.get("group") or ""
    wanted = f"{names.get('plural', '')}.{group}"
    if crd["metadata"].get("name") != wanted:
        rule = 'must be spec.names.plural+"."+spec.group'
        yield problems.invalid("metadata.name", crd["metadata"].get("name", ""), rule)
    yield from _group(crd, group)
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield problems.unsupported("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        rule = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        yield problems.invalid("spec.preserveUnknownFields", True, rule)
    yield from _names(names)
    yield from _conversion(spec.get("conversion") or {}, spec.get("versions") or ())
    yield from _versions(spec.get("versions") or ())
    if before is not None:
        yield from _unchanged(crd, before)


def _group(crd: Object, group: str) -> Iterator[Problem]:
    if not group:
        yield problems.required("spec.group")
    elif "." not in group:
        yield problems.invalid("spec.group", group, "should be a domain with at least one dot")
    annotations = crd["metadata"].get("annotations") or {}
    if group.endswith((".k8s.io", ".kubernetes.io")) and not annotations.get(_APPROVED):
        rule = (
            f'protected groups must have approval annotation "{_APPROVED}", '
            "see https://github.com/kubernetes/enhancements/pull/1111"
        )
        yield problems.required(f"metadata.annotations[{_APPROVED}]", rule)


def _names(names: Mapping[str, Any]) -> Iterator[Problem]:
    for field in ("plural", "singular", "kind", "listKind"):
        name = names.get(field) or ""
        if not name:
            yield problems.required(f"spec.names.{field}")
        elif not _DNS_1035.fullmatch(name.lower() if field.lower().endswith("kind") else name) or len(name) > 63:
            mixed = "may have mixed case, but should otherwise match: " if field.lower().endswith("kind") else ""
            yield problems.invalid(f"spec.names.{field}", name, f"{mixed}{_DNS_1035_RULE}")
    for field in ("shortNames", "categories"):
        for index, name in enumerate(names.get(field) or ()):
            if not _DNS_1035.fullmatch(name):
                yield problems.invalid(f"spec.names.{field}[{index}]", name, _DNS_1035_RULE)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield problems.invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")


def _conversion(conversion: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    strategy = conversion.get("strategy", "None")
    if strategy == "Webhook" and sum(bool(each.get("served")) for each in versions) > 1:
        rule = "gatelab calls no webhooks: use None, which changes apiVersion only"
        yield problems.invalid("spec.conversion.strategy", strategy, rule)
    elif strategy not in ("None", "Webhook"):
        yield problems.unsupported("spec.conversion.strategy", strategy, ("None", "Webhook"))


def _versions(versions: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    names = [each.get("name", "") for each in versions]
    if sum(bool(each.get("storage")) for each in versions) != 1:
        rule = "must have exactly one version marked as storage version"
        yield problems.invalid("spec.versions", names, rule)
    if len(set(names)) != len(names):
        yield problems.invalid("spec.versions", names, "must contain unique version names")
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        if not _DNS_1035.fullmatch(names[index]):
            yield problems.invalid(f"{path}.name", names[index], _DNS_1035_RULE)
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if not schema:
            yield problems.required(f"{path}.schema.openAPIV3Schema", "schemas are required")
        else:
            yield from schema_problems(schema, f"{path}.schema.openAPIV3Schema")
        yield from _parts(version, path)


def _parts(version: Mapping[str, Any], path: str) -> Iterator[Problem]:
    scale = (version.get("subresources") or {}).get("scale") or {}
    for field, section in (("specReplicasPath", "spec"), ("statusReplicasPath", "status")):
        if scale and not str(scale.get(field, "")).startswith(f".{section}."):
            rule = f"should be a json path under .{section}"
            yield problems.invalid(f"{path}.subresources.scale.{field}", scale.get(field, ""), rule)
    if (selector := scale.get("labelSelectorPath")) and not selector.startswith((".spec.", ".status.")):
        rule = "should be a json path under either .spec or .status"
        yield problems.invalid(f"{path}.subresources.scale.labelSelectorPath", selector, rule)
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        place = f"{path}.additionalPrinterColumns[{index}]"
        if column.get("type") not in _COLUMN_TYPES:
            yield problems.invalid(f"{place}.type", column.get("type", ""), f"must be one of {','.join(_COLUMN_TYPES)}")
        try:
            json_path.compiled(column.get("jsonPath", ""))
        except ValueError as error:
            yield problems.invalid(f"{place}.jsonPath", column.get("jsonPath", ""), f"is an invalid JSON path: {error}")
    selectable = version.get("selectableFields") or ()
    if len(selectable) > _MOST_SELECTABLE:
        yield problems.too_many(f"{path}.selectableFields", len(selectable), _MOST_SELECTABLE)
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    for index, each in enumerate(selectable):
        yield from _selectable(schema, each.get("jsonPath", ""), f"{path}.selectableFields[{index}].jsonPath")


def _selectable(schema: Mapping[str, Any], field: str, path: str) -> Iterator[Problem]:
    found: Any = schema
    for name in field.removeprefix(".").split("."):
        found = (found.get("properties") or {}).get(name) or {}
    if not field.startswith(".") or found.get("type") not in ("string", "integer", "boolean"):
        yield problems.invalid(path, field, "must point to a string, boolean or integer field of the schema")


def _unchanged(crd: Object, before: Object) -> Iterator[Problem]:
    for field in ("group", "scope"):
        if crd["spec"].get(field) != before["spec"].get(field):
            yield problems.invalid(f"spec.{field}", crd["spec"].get(field, ""), "field is immutable")
    for field in ("plural", "kind"):
        old, new = before["spec"]["names"].get(field), (crd["spec"].get("names") or {}).get(field, "")
        if old != new:
            yield problems.invalid(f"spec.names.{field}", new, "field is immutable")
    names = [each.get("name") for each in crd["spec"].get("versions") or ()]
    for index, stored in enumerate((before.get("status") or {}).get("storedVersions") or ()):
        if stored not in names:
            yield problems.invalid(f"status.storedVersions[{index}]", stored, "must appear in spec.versions")
