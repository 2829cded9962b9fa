"""Discovery: which groups, versions and resources there are, in the aggregated (v2) and in the old form."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_METRICS_VERBS = ["get", "list"]
_REVIEWS: Mapping[str, Sequence[tuple[str, str]]] = {
    "authentication.k8s.io": [("SelfSubjectReview", "selfsubjectreviews")],
    "authorization.k8s.io": [("SelfSubjectAccessReview", "selfsubjectaccessreviews")],
}
"""Groups of which there are only questions to be POSTed."""

_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}


def wants_aggregated(accept: str) -> bool:
    """Whether the client asked for the aggregated form."""
    options = [frozenset(part.strip() for part in each.split(";")) for each in accept.split(",")]
    return frozenset(AGGREGATED.split(";")) in options


@cache
def versions() -> Mapping[str, Sequence[str]]:
    """Group -> served versions, the preferred one first. "" is the core group."""
    found: dict[str, list[str]] = {}
    for kind in BUILTIN:
        known = found.setdefault(kind.group, [])
        known += [version for version in kind.served if version not in known]
    return {**found, **{group: ["v1"] for group in _REVIEWS}}


def kinds_of(group: str, version: str) -> Sequence[Kind]:
    return [kind for kind in BUILTIN if kind.group == group and version in kind.served]


# The aggregated form


def aggregated(*, core: bool) -> dict[str, Any]:
    """`APIGroupDiscoveryList` of the core group (`/api`), or of all others (`/apis`)."""
    groups = [group for group in versions() if (group == "") is core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group} if group else {},
                "versions": [_aggregated_version(group, version) for version in versions()[group]],
            }
            for group in groups
        ],
    }


def _aggregated_version(group: str, version: str) -> dict[str, Any]:
    if group in _REVIEWS:
        resources = [_aggregated_review(group, *each) for each in _REVIEWS[group]]
    else:
        resources = [_aggregated_resource(kind, version) for kind in kinds_of(group, version)]
    return {"version": version, "resources": resources, "freshness": "Current"}


def _aggregated_review(group: str, kind: str, plural: str) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": group, "version": "v1", "kind": kind},
        "scope": "Cluster",
        "singularResource": kind.lower(),
        "verbs": ["create"],
    }


def _aggregated_resource(kind: Kind, version: str) -> dict[str, Any]:
    response = {"group": kind.group, "version": version, "kind": kind.name}
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
    if parts := _parts(kind, response):
        resource["subresources"] = [
            {"subresource": name, "responseKind": what, "verbs": verbs} for name, what, verbs in parts
        ]
    return resource


def _verbs(kind: Kind) -> list[str]:
    return _VERBS if kind.journaled else _METRICS_VERBS


def _parts(kind: Kind, response: dict[str, str]) -> list[tuple[str, dict[str, str], list[str]]]:
    parts = []
    if kind.has_status:
        parts.append(("status", response, ["get", "patch", "update"]))
    if kind.has_scale:
        parts.append(("scale", _SCALE, ["get", "patch", "update"]))
    if kind.qualified_plural == "pods":
        parts.append(("log", response, ["get"]))
        parts.append(("proxy", {"group": "", "version": "", "kind": "PodProxyOptions"}, ["get"]))
    return parts


# The old form


def api_versions(address: str) -> dict[str, Any]:
    """`/api`."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def group_list() -> dict[str, Any]:
    """`/apis`."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in versions() if name]}


def group(name: str) -> dict[str, Any]:
    """`/apis/<group>`. Raises NotFound."""
    if not name or name not in versions():
        raise NotFound("the server could not find the requested resource")
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def _group(name: str) -> dict[str, Any]:
    served = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions()[name]]
    return {"name": name, "versions": served, "preferredVersion": served[0]}


def resource_list(group: str, version: str) -> dict[str, Any]:
    """`/api/v1` or `/apis/<group>/<version>`. Raises NotFound."""
    if version not in versions().get(group, ()):
        raise NotFound("the server could not find the requested resource")
    if group in _REVIEWS:
        resources = [_review(*each) for each in _REVIEWS[group]]
    else:
        resources = [each for kind in kinds_of(group, version) for each in _resources(kind, version)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _review(kind: str, plural: str) -> dict[str, Any]:
    return {"name": plural, "singularName": kind.lower(), "namespaced": False, "kind": kind, "verbs": ["create"]}


def _resources(kind: Kind, version: str) -> list[dict[str, Any]]:
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
    response = {"group": kind.group, "version": version, "kind": kind.name}
    parts = [_part(kind, name, what, verbs, response) for name, what, verbs in _parts(kind, response)]
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
