"""What CustomResourceDefinitions are refused for, in the words of upstream."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_objects import definition, version
from gatelab.kinds.builtin import CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.custom.definition import priority
from gatelab.kinds.custom.json_path import compiled
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.schemas import rules

ROOT = "spec.versions[0].schema.openAPIV3Schema"
SIZE = f"{ROOT}.properties[spec]"


def problems(crd: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    complete = with_defaults(CUSTOM_RESOURCE_DEFINITION, crd)
    return [str(each) for each in rules.broken(CUSTOM_RESOURCE_DEFINITION, complete, before)]


def with_spec(**schema: Any) -> dict[str, Any]:
    return definition(version(spec={"type": "object", **schema}))


def test_the_usual_definition_is_fine() -> None:
    assert problems(definition()) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ""}, f"{SIZE}.type: Required value: must not be empty for specified object fields"),
        (
            {"properties": {"a": {}}},
            f"{SIZE}.properties[a].type: Required value: must not be empty for specified object",
        ),
        ({"type": "array"}, f"{SIZE}.items: Required value: must be specified"),
        ({"type": "text"}, f'{SIZE}.type: Unsupported value: "text"'),
        ({"uniqueItems": True}, f"{SIZE}.uniqueItems: Forbidden: uniqueItems cannot be set to true"),
        ({"$ref": "x"}, f"{SIZE}.$ref: Forbidden: $ref is not supported"),
        ({"additionalProperties": False}, f"{SIZE}.additionalProperties: Forbidden: additionalProperties cannot be"),
        (
            {"additionalProperties": {"type": "string"}, "properties": {"a": {"type": "string"}}},
            f"{SIZE}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        ({"additionalProperties": {"type": 5}}, f"{SIZE}.additionalProperties.type: Invalid value"),
        ({"anyOf": [{"type": "object"}]}, f"{SIZE}.anyOf[0].type: Forbidden: must be empty to be structural"),
        (
            {"not": {"properties": {"a": {}}}},
            f"{SIZE}.properties[a]: Required value: because it is defined in {SIZE}.not",
        ),
        ({"default": {"a": 1}}, f'{SIZE}.default: Invalid value: {{"a":1}}: must not have unknown fields'),
        ({"properties": {"a": {"type": "integer", "default": "x"}}}, f"{SIZE}.properties[a].default: Invalid value"),
        ({"pattern": "("}, f'{SIZE}.pattern: Invalid value: "(": must be a valid regular expression'),
        (
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "map"},
            f"{SIZE}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        ({"x-kubernetes-embedded-resource": True}, f"{SIZE}.properties: Required value: must not be empty if"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_schemas_are_structural(schema: dict[str, Any], expected: str) -> None:
    found = problems(with_spec(**schema))
    assert any(each.startswith(expected) for each in found), found


def _names(crd: dict[str, Any]) -> None:
    crd["metadata"]["name"] = "widgets.example.org"


def _dotless(crd: dict[str, Any]) -> None:
    crd["spec"]["group"] = "example"


def _protected(crd: dict[str, Any]) -> None:
    crd["spec"]["group"] = "x.k8s.io"


def _storage(crd: dict[str, Any]) -> None:
    crd["spec"]["versions"].append(version("v2"))


def _preserving(crd: dict[str, Any]) -> None:
    crd["spec"]["preserveUnknownFields"] = True


def _webhook(crd: dict[str, Any]) -> None:
    crd["spec"]["versions"].append(version("v2", storage=False))
    crd["spec"]["conversion"] = {"strategy": "Webhook"}


def _kind(crd: dict[str, Any]) -> None:
    crd["spec"]["names"]["listKind"] = "Widget"


def _column(crd: dict[str, Any]) -> None:
    crd["spec"]["versions"][0]["additionalPrinterColumns"] = [{"name": "A", "type": "string", "jsonPath": ".a[?("}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_names, 'metadata.name: Invalid value: "widgets.example.org": must be spec.names.plural+"."+spec.group'),
        (_dotless, 'spec.group: Invalid value: "example": should be a domain with at least one dot'),
        (_protected, "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have"),
        (_storage, "spec.versions: Invalid value: "),
        (_preserving, "spec.preserveUnknownFields: Invalid value: true: cannot set to true"),
        (_webhook, 'spec.conversion.strategy: Invalid value: "Webhook": gatelab calls no webhooks'),
        (_kind, 'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'),
        (_column, "spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value"),
    ],
)
def test_definitions_keep_to_the_rules(change: Callable[[dict[str, Any]], None], expected: str) -> None:
    crd = definition()
    change(crd)
    assert any(each.startswith(expected) for each in problems(crd)), problems(crd)


def test_what_is_stored_stays_readable() -> None:
    before = {**definition(), "status": {"storedVersions": ["v1"]}}
    found = problems(definition(version("v2"), scope="Cluster"), with_defaults(CUSTOM_RESOURCE_DEFINITION, before))
    assert 'spec.scope: Invalid value: "Cluster": field is immutable' in found
    assert 'status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions' in found


def test_the_newest_stable_version_comes_first() -> None:
    names = ["foo", "v1alpha1", "v2beta1", "v1", "v10", "v2", "v1beta2"]
    assert sorted(names, key=priority) == ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.a", [1]),
        ("{.spec.a}", [1]),
        (".spec.list[1]", ["y"]),
        (".spec.list[-1]", ["y"]),
        (".spec.list[*]", ["x", "y"]),
        (".spec['b.c']", [2]),
        (r".spec.b\.c", [2]),
        ('.conditions[?(@.type=="Ready")].status', ["True"]),
        (".conditions[?(@.count>1)].type", ["Ready"]),
        (".nothing.there", []),
    ],
)
def test_json_paths(path: str, found: list[Any]) -> None:
    conditions = [{"type": "Ready", "status": "True", "count": 2}, {"type": "Other", "count": 1}]
    obj = {"spec": {"a": 1, "list": ["x", "y"], "b.c": 2}, "conditions": conditions}
    assert compiled(path)(obj) == found
