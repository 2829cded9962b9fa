"""A CustomResourceDefinition, read: names, versions, and the Kind that each served version is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object, is_being_deleted

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
"""It keeps a definition until its objects are gone."""


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One entry of `spec.versions`."""

    name: str
    served: bool
    storage: bool
    deprecation: str
    schema: Mapping[str, Any]
    has_status: bool
    scale: Mapping[str, str] | None
    columns: Sequence[Mapping[str, Any]]
    selectable: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The definition; `versions` come in the order of preference (newest stable first)."""

    name: str
    group: str
    names: Mapping[str, Any]
    namespaced: bool
    versions: Sequence[Version]
    terminating: bool

    @property
    def storage_version(self) -> str:
        return next((each.name for each in self.versions if each.storage), self.versions[0].name)

    def kind_in(self, version: Version) -> Kind:
        """The kind as it is served in a version. Its own version is the one that is stored."""
        names, stored = self.names, self.storage_version
        return Kind(
            self.group,
            stored,
            names["kind"],
            names["plural"],
            self.namespaced,
            tuple(names.get("shortNames") or ()),
            tuple(names.get("categories") or ()),
            has_status=version.has_status,
            has_scale=version.scale is not None,
            other_served=tuple(each.name for each in self.versions if each.served and each.name != stored),
            is_custom=True,
            other_singular=names.get("singular") or "",
            other_list=names.get("listKind") or "",
            selectable=version.selectable,
        )

    @property
    def kind(self) -> Kind:
        """The kind as it is stored."""
        return self.kind_in(next((each for each in self.versions if each.storage), self.versions[0]))


def read(crd: Object) -> Definition:
    """The definition of a valid CustomResourceDefinition."""
    spec = crd["spec"]
    versions = sorted((_version(spec, each) for each in spec["versions"]), key=lambda each: priority(each.name))
    return Definition(
        crd["metadata"]["name"],
        spec["group"],
        spec["names"],
        spec.get("scope") == "Namespaced",
        versions,
        is_being_deleted(crd),
    )


def _version(spec: Mapping[str, Any], version: Mapping[str, Any]) -> Version:
    parts = version.get("subresources") or {}
    name = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
    warning = version.get("deprecationWarning") or f"{name} is deprecated"
    return Version(
        version["name"],
        bool(version.get("served")),
        bool(version.get("storage")),
        warning if version.get("deprecated") else "",
        (version.get("schema") or {}).get("openAPIV3Schema") or {},
        "status" in parts,
        parts.get("scale"),
        version.get("additionalPrinterColumns") or (),
        tuple(each["jsonPath"].removeprefix(".") for each in version.get("selectableFields") or ()),
    )


_STABILITY = re.compile(r"v(?P<major>[1-9]\d*)((?P<level>alpha|beta)(?P<minor>[1-9]\d*))?")
_LEVELS = {None: 0, "beta": 1, "alpha": 2}


def priority(version: str) -> tuple[Any, ...]:
    """What to sort versions by: v2, v1, v1beta2, v1alpha1, then others by name (API concepts, "Version priority")."""
    found = _STABILITY.fullmatch(version)
    if found is None:
        return (3, 0, 0, version)
    return (_LEVELS[found["level"]], -int(found["major"]), -int(found["minor"] or 0), version)
