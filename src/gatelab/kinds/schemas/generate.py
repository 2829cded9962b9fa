"""Writes `kubernetes.json`: the shapes of Kubernetes' own kinds, taken from `lightkube.models`.

    python -m gatelab.kinds.schemas.generate

Importing lightkube's models costs a start of the control plane 170 ms, reading the file a few; hence a committed file,
and a test that it is current. What the models do not tell - keys of merged lists, bytes, plain enums - is in `extras`
and `list_types`.
"""

import typing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from gatelab.kinds.schemas import extras, list_types

ROOTS = (
    "core_v1.Namespace",
    "core_v1.Node",
    "core_v1.Pod",
    "core_v1.Service",
    "core_v1.Secret",
    "core_v1.ConfigMap",
    "core_v1.ServiceAccount",
    "core_v1.Event",
    "apps_v1.Deployment",
    "apps_v1.ReplicaSet",
    "apps_v1.StatefulSet",
    "apps_v1.DaemonSet",
    "apps_v1.ControllerRevision",
    "coordination_v1.Lease",
    "apiextensions_v1.CustomResourceDefinition",
    "admissionregistration_v1.ValidatingAdmissionPolicy",
    "admissionregistration_v1.ValidatingAdmissionPolicyBinding",
    "rbac_v1.Role",
    "rbac_v1.RoleBinding",
    "rbac_v1.ClusterRole",
    "rbac_v1.ClusterRoleBinding",
    "policy_v1.PodDisruptionBudget",
    "networking_v1.NetworkPolicy",
    "autoscaling_v2.HorizontalPodAutoscaler",
    "core_v1.PersistentVolumeClaim",
    "core_v1.ResourceQuota",
    "core_v1.LimitRange",
    "discovery_v1.EndpointSlice",
    "autoscaling_v1.Scale",
    "meta_v1.DeleteOptions",
    "meta_v1.Status",
    "meta_v1.ListMeta",
    "authentication_v1.SelfSubjectReview",
    "authorization_v1.SelfSubjectAccessReview",
)
TARGET = Path(__file__).with_name("kubernetes.json")


def generate() -> bytes:
    """The text of the file: a JSON object with one definition a line, sorted by name."""
    definitions: dict[str, dict[str, Any]] = {}
    pending = list(ROOTS)
    while pending:
        name = pending.pop()
        if name not in definitions:
            definitions[name], found = _definition(name)
            pending += found
    lines = (
        msgspec.json.encode(name) + b":" + msgspec.json.encode(definitions[name], order="sorted")
        for name in sorted(definitions)
    )
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _definition(name: str) -> tuple[dict[str, Any], list[str]]:
    """The schema of `module.Class`, and the names that it refers to."""
    struct = _struct(name)
    hints = typing.get_type_hints(struct)
    found: list[str] = []
    properties, required = {}, []
    for field in msgspec.structs.fields(struct):
        schema = _schema(hints[field.name], found) or extras.map_schema(field.encode_name)
        schema |= _marks(f"{name}.{field.encode_name}", schema)
        properties[field.encode_name] = schema
        if field.required and f"{name}.{field.encode_name}" not in extras.OPTIONAL:
            required.append(field.encode_name)
    definition: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        definition["required"] = required
    if name in list_types.ATOMIC_TYPES:
        definition |= list_types.ATOMIC_MAP
    return definition, found


def _marks(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    merge = list_types.FIELDS.get(field, {})
    if schema.get("type") == "array":
        merge = merge or list_types.ATOMIC_LIST
    return {**extras.FIELDS.get(field, {}), **merge}


def _struct(name: str) -> Any:
    import importlib

    module, _, class_name = name.partition(".")
    return getattr(importlib.import_module(f"lightkube.models.{module}"), class_name)


_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    int | str: {"x-kubernetes-int-or-string": True},
    typing.Any: {"x-kubernetes-preserve-unknown-fields": True},
}


def _schema(hint: Any, found: list[str]) -> dict[str, Any]:
    """The schema of a type hint; nothing for maps, of which the models do not tell the values."""
    if (scalar := _SCALARS.get(hint)) is not None:
        return dict(scalar)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in arguments:
        return _schema(typing.Union[tuple(each for each in arguments if each is not type(None))], found)  # noqa: UP007
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], found)}
    if origin is dict and arguments:
        return {"type": "object", "additionalProperties": _schema(arguments[1], found)}
    if hint is dict or origin is dict:
        return {}
    name = f"{hint.__module__.rpartition('.')[2]}.{hint.__name__}"
    found.append(name)
    return {"$ref": name}


if __name__ == "__main__":
    TARGET.write_bytes(generate())
