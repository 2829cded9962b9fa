"""Where the schema of a kind is found. Schemas are structural OpenAPI v3, as in a CustomResourceDefinition."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import (
    backend_tls_policy,
    certificates,
    gateway,
    grpc_route,
    http_route,
    issuers,
    l4_routes,
    listener_set,
    metrics,
    reference_grant,
)

Schema = Mapping[str, Any]

_ROOTS: Mapping[str, str] = {
    "": "core_v1",
    "apps": "apps_v1",
    "discovery.k8s.io": "discovery_v1",
    "coordination.k8s.io": "coordination_v1",
    "rbac.authorization.k8s.io": "rbac_v1",
    "policy": "policy_v1",
    "networking.k8s.io": "networking_v1",
    "autoscaling": "autoscaling_v2",
    "apiextensions.k8s.io": "apiextensions_v1",
    "admissionregistration.k8s.io": "admissionregistration_v1",
}
"""The groups of Kubernetes' own kinds, and the module that names their definitions."""


_OURS = (
    gateway,
    listener_set,
    grpc_route,
    http_route,
    l4_routes,
    reference_grant,
    backend_tls_policy,
    certificates,
    issuers,
    metrics,
)


@cache
def kubernetes() -> Mapping[str, Schema]:
    """The definitions of `kubernetes.json`, by names such as `core_v1.PodSpec`. Read once, about 1 ms."""
    data = resources.files("gatelab.kinds.schemas").joinpath("kubernetes.json").read_bytes()
    return msgspec.json.decode(data)  # type: ignore[no-any-return]


@cache
def definitions() -> Mapping[str, Schema]:
    """Every definition: those of Kubernetes, and ours of the kinds that come as custom resources."""
    ours: dict[str, Schema] = {}
    for module in _OURS:
        ours |= module.definitions()
    return {**kubernetes(), **ours}


def is_native(kind: Kind) -> bool:
    """Whether Kubernetes itself decodes the kind, rather than a CustomResourceDefinition.

    Native kinds accept strategic merge patches, and answer a value of a wrong type with 400 instead of 422.
    """
    return kind.group in _ROOTS


def name_of(kind: Kind) -> str:
    """The name of the kind's definition."""
    return f"{_ROOTS.get(kind.group, kind.group)}.{kind.name}"


def schema_of(kind: Kind, version: str = "") -> Schema:
    """The schema of the kind's whole objects, in a version; in the stored one when empty.

    Versions have one schema, save where a definition named `<kind>@<version>` says otherwise.
    """
    known, name = definitions(), name_of(kind)
    return known.get(f"{name}@{version}") or known[name]


def resolved(schema: Schema) -> Schema:
    """The schema itself, or what its `$ref` names."""
    reference = schema.get("$ref")
    return schema if reference is None else definitions()[reference]
