"""Discovery: which groups, versions and resources there are, in the aggregated (v2) and in the old form."""

from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.registry import REVIEWS, Served
from gatelab.apiserver.resource import Resource
from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_METRICS_VERBS = ["get", "list"]
_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_TOKEN_REQUEST = {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"}
_EVICTION = {"group": "policy", "version": "v1", "kind": "Eviction"}


def wants_aggregated(accept: str) -> bool:
    """Whether the client asked for the aggregated form."""
    options = [frozenset(part.strip() for part in each.split(";")) for each in accept.split(",")]
    return frozenset(AGGREGATED.split(";")) in options


# The aggregated form


def aggregated(served: Served, *, core: bool) -> dict[str, Any]:
    """`APIGroupDiscoveryList` of the core group (`/api`), or of all others (`/apis`)."""
    groups = [group for group in served.versions if (group == "") is core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group} if group else {},
                "versions": [_aggregated_version(served, group, version) for version in served.versions[group]],
            }
            for group in groups
        ],
    }


def _aggregated_version(served: Served, group: str, version: str) -> dict[str, Any]:
    if group in REVIEWS:
        resources = [_aggregated_review(group, *each) for each in REVIEWS[group]]
    else:
        resources = [_aggregated_resource(each) for each in served.resources_of(group, version)]
    return {"version": version, "resources": resources, "freshness": "Current"}


def _aggregated_review(group: str, kind: str, plural: str) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": group, "version": "v1", "kind": kind},
        "scope": "Cluster",
        "singularResource": kind.lower(),
        "verbs": ["create"],
    }


def _aggregated_resource(found: Resource) -> dict[str, Any]:
    kind = found.kind
    response = {"group": kind.group, "version": found.version, "kind": kind.name}
    resource: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": _verbs(kind),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if parts := _parts(found, response):
        resource["subresources"] = [
            {"subresource": name, "responseKind": what, "verbs": verbs} for name, what, verbs in parts
        ]
    return resource


def _verbs(kind: Kind) -> list[str]:
    if kind == NAMESPACE:
        return [each for each in _VERBS if each != "deletecollection"]
    return _VERBS if kind.journaled else _METRICS_VERBS


def _parts(found: Resource, response: dict[str, str]) -> list[tuple[str, dict[str, str], list[str]]]:
    kind = found.kind
    known: Mapping[str, tuple[dict[str, str], list[str]]] = {
        "status": (response, ["get", "patch", "update"]),
        "scale": (_SCALE, ["get", "patch", "update"]),
        "log": (response, ["get"]),
        "token": (_TOKEN_REQUEST, ["create"]),
        "eviction": (_EVICTION, ["create"]),
        "finalize": (response, ["update"]),
        "proxy": ({"group": "", "version": "", "kind": f"{kind.name}ProxyOptions"}, ["get"]),
    }
    return [(name, *what) for name, what in known.items() if name in found.subresources]


# The old form


def api_versions(address: str) -> dict[str, Any]:
    """`/api`."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def group_list(served: Served) -> dict[str, Any]:
    """`/apis`."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(served, name) for name in served.versions if name],
    }


def group(served: Served, name: str) -> dict[str, Any]:
    """`/apis/<group>`. Raises NotFound."""
    if not name or name not in served.versions:
        raise NotFound("the server could not find the requested resource")
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(served, name)}


def _group(served: Served, name: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in served.versions[name]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(served: Served, group: str, version: str) -> dict[str, Any]:
    """`/api/v1` or `/apis/<group>/<version>`. Raises NotFound."""
    if version not in served.versions.get(group, ()):
        raise NotFound("the server could not find the requested resource")
    if group in REVIEWS:
        resources = [_review(*each) for each in REVIEWS[group]]
    else:
        resources = [part for each in served.resources_of(group, version) for part in _resources(each)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _review(kind: str, plural: str) -> dict[str, Any]:
    return {"name": plural, "singularName": kind.lower(), "namespaced": False, "kind": kind, "verbs": ["create"]}


def _resources(found: Resource) -> list[dict[str, Any]]:
    kind = found.kind
    whole: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _verbs(kind),
    }
    if kind.short_names:
        whole["shortNames"] = list(kind.short_names)
    if kind.categories:
        whole["categories"] = list(kind.categories)
    response = {"group": kind.group, "version": found.version, "kind": kind.name}
    parts = [_part(kind, name, what, verbs, response) for name, what, verbs in _parts(found, response)]
    return [whole, *parts]


def _part(
    kind: Kind, name: str, what: Mapping[str, str], verbs: list[str], response: Mapping[str, str]
) -> dict[str, Any]:
    part: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": what["kind"],
        "verbs": verbs,
    }
    if what != response:
        part |= {"group": what["group"], "version": what["version"]}
    return part
