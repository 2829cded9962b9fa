"""A CustomResourceDefinition and its objects, for tests."""

from collections.abc import Mapping
from typing import Any

SPEC: dict[str, Any] = {
    "type": "object",
    "description": "What is wanted of the widget.",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 10, "description": "How large."},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "replicas": {"type": "integer", "minimum": 0},
        "port": {"x-kubernetes-int-or-string": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "note": {"type": "string", "nullable": True},
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            },
        },
    },
}
STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer"},
        "selector": {"type": "string"},
        "ready": {"type": "boolean"},
        "since": {"type": "string", "format": "date-time"},
    },
}
COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Ready", "type": "boolean", "jsonPath": ".status.ready"},
    {"name": "Color", "type": "string", "jsonPath": ".spec.color", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def version(
    name: str = "v1", spec: Mapping[str, Any] = SPEC, *, storage: bool = True, status: bool = True, **more: Any
) -> dict[str, Any]:
    """One entry of `spec.versions`."""
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": dict(spec), "status": STATUS}}
    parts = {"subresources": {"status": {}, "scale": SCALE}} if status else {}
    served = {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}}
    return {**served, **parts, "additionalPrinterColumns": COLUMNS, **more}


def definition(*versions: Mapping[str, Any], scope: str = "Namespaced", **names: Any) -> dict[str, Any]:
    """widgets.example.com, short name wg."""
    all_names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wg"], "categories": ["all"], **names}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{all_names['plural']}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": scope,
            "names": all_names,
            "versions": [dict(each) for each in versions or (version(),)],
        },
    }


def widget(name: str = "a", *, api_version: str = "example.com/v1", **spec: Any) -> dict[str, Any]:
    """A Widget of size 3."""
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 3, **spec}}
