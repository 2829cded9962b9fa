"""CustomResourceDefinitions of the kinds that we serve by ourselves and a cluster would have as custom ones.

They are made of our own schemas, so that `kubectl get crds` tells the truth. Whoever applies the definitions of
upstream over them changes what is stored and shown, never what is served.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.schemas import catalogue
from gatelab.store import Store

_GATEWAY_API = "gateway.networking.k8s.io"
_GROUPS = (_GATEWAY_API, "cert-manager.io")
_ANNOTATIONS: Mapping[str, Mapping[str, str]] = {
    _GATEWAY_API: {
        "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/4530",
        "gateway.networking.k8s.io/bundle-version": "v1.6.1",
        "gateway.networking.k8s.io/channel": "experimental",
    }
}
_MARK = "gatelab.dev/spec"
"""The digest of the spec that we wrote: while the stored one has it, nobody else has written the spec."""

_OWNED: Mapping[str, Any] = {
    "manager": "gatelab",
    "operation": "Update",
    "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{_MARK}": {}}}},
}
"""We own the mark and nothing else, so that whoever applies upstream's definitions on the server has no conflicts."""


def _column(name: str, path: str, *, priority: int = 0, type_: str = "string") -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": type_, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


def _condition(name: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{name}")].{field}'


_AGE = _column("Age", ".metadata.creationTimestamp", type_="date")
_ROUTE = [_column("Hostnames", ".spec.hostnames"), _AGE]
_ISSUER = [_column("Ready", _condition("Ready")), _column("Status", _condition("Ready", "message"), priority=1), _AGE]
_COLUMNS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "GatewayClass": [
        _column("Controller", ".spec.controllerName"),
        _column("Accepted", _condition("Accepted")),
        _AGE,
        _column("Description", ".spec.description", priority=1),
    ],
    "Gateway": [
        _column("Class", ".spec.gatewayClassName"),
        _column("Address", ".status.addresses[*].value"),
        _column("Programmed", _condition("Programmed")),
        _AGE,
    ],
    "ListenerSet": [_column("Accepted", _condition("Accepted")), _column("Programmed", _condition("Programmed")), _AGE],
    "GRPCRoute": _ROUTE,
    "HTTPRoute": _ROUTE,
    "Certificate": [
        _column("Ready", _condition("Ready")),
        _column("Secret", ".spec.secretName"),
        _column("Issuer", ".spec.issuerRef.name", priority=1),
        _column("Status", _condition("Ready", "message"), priority=1),
        _AGE,
    ],
    "Issuer": _ISSUER,
    "ClusterIssuer": _ISSUER,
}


def definition_of(kind: Kind) -> dict[str, Any]:
    """The kind's CustomResourceDefinition, without a status."""
    spec = {
        "group": kind.group,
        "names": {
            "plural": kind.plural,
            "singular": kind.singular,
            "kind": kind.name,
            "listKind": kind.list_name,
            **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
            **({"categories": list(kind.categories)} if kind.categories else {}),
        },
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "conversion": {"strategy": "None"},
        "versions": [_version(kind, version) for version in kind.served],
    }
    annotations = {**_ANNOTATIONS.get(kind.group, {}), _MARK: _digest(spec)}
    metadata = {"name": kind.qualified_plural, "annotations": annotations, "managedFields": [dict(_OWNED)]}
    return {"metadata": metadata, "spec": spec}


def _version(kind: Kind, version: str) -> dict[str, Any]:
    schema = _standalone(catalogue.schema_of(kind, version))
    schema["properties"]["metadata"] = {"type": "object"}
    return {
        "name": version,
        "served": True,
        **(
            {"deprecated": True, "deprecationWarning": deprecation}
            if (deprecation := kind.deprecation(version))
            else {}
        ),
        "storage": version == kind.version,
        "schema": {"openAPIV3Schema": schema},
        **({"subresources": {"status": {}}} if kind.has_status else {}),
        **({"selectableFields": [{"jsonPath": f".{each}"} for each in kind.selectable]} if kind.selectable else {}),
        "additionalPrinterColumns": [dict(each) for each in _COLUMNS.get(kind.name, [_AGE])],
    }


def _standalone(schema: Any) -> Any:
    """The schema with what its references name in their place."""
    if isinstance(schema, list):
        return [_standalone(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if isinstance(schema.get("$ref"), str):
        if schema["$ref"] == "meta_v1.ObjectMeta":
            return {"type": "object"}
        about = {"description": schema["description"]} if "description" in schema else {}
        return {**_standalone(catalogue.resolved(schema)), **about}
    return {key: _standalone(each) for key, each in schema.items()}


def _digest(spec: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(spec, order="deterministic")).hexdigest()[:16]


async def publish(store: Store) -> None:
    """Puts the definitions into the store. One that somebody else has written since is left as it is."""
    async with asyncio.TaskGroup() as group:
        for kind in BUILTIN:
            if kind.group in _GROUPS:
                group.create_task(_put(store, definition_of(kind)))


async def _put(store: Store, wanted: dict[str, Any]) -> None:
    key = Key("", wanted["metadata"]["name"])
    try:
        found = store.get(CUSTOM_RESOURCE_DEFINITION, key).object
    except NotFound:
        await store.create(CUSTOM_RESOURCE_DEFINITION, wanted)
        return
    mark = (found["metadata"].get("annotations") or {}).get(_MARK)
    if mark == _digest(found["spec"]) != wanted["metadata"]["annotations"][_MARK]:
        await store.modify(CUSTOM_RESOURCE_DEFINITION, key, lambda before: _rewritten(before, wanted))


def _rewritten(before: Object, wanted: Mapping[str, Any]) -> Object:
    annotations = {**(before["metadata"].get("annotations") or {}), **wanted["metadata"]["annotations"]}
    return {**before, "metadata": {**before["metadata"], "annotations": annotations}, "spec": wanted["spec"]}
