"""OpenAPI v3 documents, one a group and version: what kubectl validates, explains and computes patches from."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gatelab.apiserver.registry import Served
from gatelab.apiserver.resource import Resource
from gatelab.kinds.errors import NotFound
from gatelab.kinds.schemas import catalogue
from gatelab.kinds.schemas.catalogue import Schema
from gatelab.kinds.schemas.descriptions import described

_MODULES = {
    "core_v1": "io.k8s.api.core.v1",
    "apps_v1": "io.k8s.api.apps.v1",
    "discovery_v1": "io.k8s.api.discovery.v1",
    "apiextensions_v1": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
    "admissionregistration_v1": "io.k8s.api.admissionregistration.v1",
    "coordination_v1": "io.k8s.api.coordination.v1",
    "rbac_v1": "io.k8s.api.rbac.v1",
    "policy_v1": "io.k8s.api.policy.v1",
    "networking_v1": "io.k8s.api.networking.v1",
    "autoscaling_v1": "io.k8s.api.autoscaling.v1",
    "autoscaling_v2": "io.k8s.api.autoscaling.v2",
    "authentication_v1": "io.k8s.api.authentication.v1",
    "authorization_v1": "io.k8s.api.authorization.v1",
    "meta_v1": "io.k8s.apimachinery.pkg.apis.meta.v1",
}
INFO: Mapping[str, str] = {"title": "gatelab", "version": "v1.37.0"}
_PATCHES = ("application/json-patch+json", "application/merge-patch+json")
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_REFERENCE = "#/components/schemas/"
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_LIST_PARAMETERS = ("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion")
_WATCH_PARAMETERS = ("resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch")


def index(served: Served) -> dict[str, Any]:
    """`/openapi/v3`: where each document is, with its hash in the address so that it may be kept for ever."""
    places = {_place(group, version): (group, version) for group, found in served.versions.items() for version in found}
    return {
        "paths": {
            place: {"serverRelativeURL": f"/openapi/v3/{place}?hash={document(served, *where)[1]}"}
            for place, where in places.items()
        }
    }


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def document(served: Served, group: str, version: str) -> tuple[bytes, str]:
    """The document of a group and version, and its hash. Raises NotFound."""
    if version not in served.versions.get(group, ()):
        raise NotFound("the server could not find the requested resource")
    if (group, version) not in served.documents:
        served.documents[group, version] = _document(served.resources_of(group, version))
    return served.documents[group, version]


def _document(resources: Sequence[Resource]) -> tuple[bytes, str]:
    schemas = _schemas([each.schema for each in resources])
    for each in resources:
        schemas[_name(each)] = _root(each)
        schemas[f"{_name(each)}List"] = _list_schema(each)
    text = msgspec.json.encode(
        {
            "openapi": "3.0.0",
            "info": INFO,
            "paths": {path: item for each in resources for path, item in _paths(each)},
            "components": {"schemas": schemas},
        }
    )
    return text, hashlib.sha256(text).hexdigest()[:32].upper()


def _name(resource: Resource) -> str:
    return _public(catalogue.name_of(resource.kind), resource.version)


def _public(name: str, version: str = "") -> str:
    """`core_v1.Pod` -> `io.k8s.api.core.v1.Pod`; `cert-manager.io.Issuer` -> `io.cert-manager.v1.Issuer`."""
    module, _, kind = name.rpartition(".")
    if module in _MODULES:
        return f"{_MODULES[module]}.{kind}"
    return ".".join([*reversed(module.split(".")), version, kind])


def _schemas(roots: Iterable[Schema]) -> dict[str, Any]:
    """The definitions that the roots lead to, by their public names; the roots themselves are left to the caller."""
    found: dict[str, Any] = {}
    pending = list(roots)
    while pending:
        for reference in _references(pending.pop()):
            if _public(reference) not in found:
                found[_public(reference)] = _published(described(reference, catalogue.definitions()[reference]))
                pending.append(catalogue.definitions()[reference])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for each in schema.values():
            yield from _references(each)


def _published(schema: Any) -> Any:
    """A schema as OpenAPI has it: public names; an int-or-string is either."""
    if isinstance(schema, list):
        return [_published(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and isinstance(schema["$ref"], str):
        # Only `allOf` may stand beside other words: OpenAPI 3.0 ignores the siblings of a $ref.
        others = {key: value for key, value in schema.items() if key != "$ref"}
        return {**others, "allOf": [{"$ref": _REFERENCE + _public(schema["$ref"])}]}
    published = {key: _published(value) for key, value in schema.items() if key != "x-kubernetes-int-or-string"}
    if schema.get("x-kubernetes-int-or-string"):
        published |= {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"}
    return published


def _gvk(resource: Resource) -> dict[str, str]:
    return {"group": resource.kind.group, "version": resource.version, "kind": resource.kind.name}


def _root(resource: Resource) -> dict[str, Any]:
    schema = described(catalogue.name_of(resource.kind), resource.schema) if resource.is_native else resource.schema
    return {**_published(schema), "x-kubernetes-group-version-kind": [_gvk(resource)]}


def _list_schema(resource: Resource) -> dict[str, Any]:
    gvk = {**_gvk(resource), "kind": resource.kind.list_name}
    properties: dict[str, Schema] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "items": {"type": "array", "items": {"allOf": [{"$ref": _REFERENCE + _name(resource)}]}},
    }
    return {"type": "object", "properties": properties, "x-kubernetes-group-version-kind": [gvk]}


def _paths(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = resource.kind
    prefix = f"/apis/{kind.group}/{resource.version}" if kind.group else f"/api/{resource.version}"
    gvk, reference = _gvk(resource), _REFERENCE + _name(resource)
    collection = f"{prefix}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{prefix}/{kind.plural}"
    listing = _operation("list", gvk, reference + "List", (*_LIST_PARAMETERS, *_WATCH_PARAMETERS))
    if kind.namespaced:
        yield f"{prefix}/{kind.plural}", {"get": listing}
    yield collection, {"get": listing, "post": _operation("post", gvk, reference, _WRITE_PARAMETERS, body=reference)}
    patches = (*_PATCHES, *[_STRATEGIC] * resource.is_native, _APPLY)
    patch = _operation("patch", gvk, reference, (*_WRITE_PARAMETERS, "force"))
    patch["requestBody"] = {"content": {each: {"schema": {"type": "object"}} for each in patches}}
    item = {
        "get": _operation("get", gvk, reference, ()),
        "put": _operation("put", gvk, reference, _WRITE_PARAMETERS, body=reference),
        "patch": patch,
        "delete": _operation("delete", gvk, reference, ("dryRun", "gracePeriodSeconds", "propagationPolicy")),
    }
    yield f"{collection}/{{name}}", item
    if "status" in resource.subresources:
        yield f"{collection}/{{name}}/status", {verb: item[verb] for verb in ("get", "put", "patch")}


def _operation(
    action: str, gvk: Mapping[str, str], answer: str, parameters: tuple[str, ...], *, body: str | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "responses": {"200": {"description": "OK", "content": _content(answer)}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters],
    }
    if body is not None:
        operation["requestBody"] = {"content": _content(body), "required": True}
    return operation


def _content(reference: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": reference}}}
