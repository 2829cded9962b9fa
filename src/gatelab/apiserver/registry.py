"""The registry of kinds: what the API serves, by group, version and plural.

Every handler finds a kind here and nowhere else: paths (`target`), discovery, OpenAPI, validation, Tables. The built-in
kinds (`kinds.builtin.BUILTIN`) come first and cannot be displaced; behind them come the kinds of the
CustomResourceDefinitions in the store. A kind that is added to BUILTIN, with a schema in `kinds.schemas` and columns in
`tables`, is served without a line here.

A handler asks its `Target` - `target.schema`, `target.is_native`, `target.resource.columns` - instead of looking the
kind up in `kinds.schemas.catalogue`, which knows built-in kinds only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.apiserver.tables.cells import Column
from gatelab.apiserver.tables.table import columns_of
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import catalogue
from gatelab.kinds.schemas.catalogue import Schema

REVIEWS: Mapping[str, Sequence[tuple[str, str]]] = {
    "authentication.k8s.io": [("SelfSubjectReview", "selfsubjectreviews")],
    "authorization.k8s.io": [("SelfSubjectAccessReview", "selfsubjectaccessreviews")],
}
"""Groups of which there are only questions to be POSTed: kind and plural."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind as it is served in one version.

    `schema` is that of whole objects; `is_native` says that Kubernetes itself decodes the kind, which then takes
    strategic merge patches and answers a value of a wrong type with 400 instead of 422.
    """

    kind: Kind
    version: str
    schema: Schema
    is_native: bool
    subresources: frozenset[str]
    columns: Sequence[Column]

    @property
    def place(self) -> tuple[str, str, str]:
        """Group, version and plural."""
        return self.kind.group, self.version, self.kind.plural


class Served:
    """Everything that is served at one moment. Immutable: what is made from it may be kept with it."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_place: dict[tuple[str, str, str], Resource] = {}
        for each in resources:
            self._by_place.setdefault(each.place, each)
        self.documents: dict[tuple[str, str], tuple[bytes, str]] = {}
        """OpenAPI documents that were made already (`openapi.document`)."""
        versions: dict[str, list[str]] = {}
        for group, version, _ in self._by_place:
            known = versions.setdefault(group, [])
            known += [version] * (version not in known)
        self.versions: Mapping[str, Sequence[str]] = {**versions, **{group: ["v1"] for group in REVIEWS}}
        """Group -> served versions, the preferred one first. "" is the core group."""

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_place.get((group, version, plural))

    def resources_of(self, group: str, version: str) -> Sequence[Resource]:
        return [each for each in self._by_place.values() if each.kind.group == group and each.version == version]


def builtin_resources() -> Sequence[Resource]:
    """The kinds of `kinds.builtin`, in each of their versions."""
    return [_builtin(kind, version) for kind in BUILTIN for version in kind.served]


def _builtin(kind: Kind, version: str) -> Resource:
    parts: list[Any] = ["status"] * kind.has_status + ["scale"] * kind.has_scale
    if kind.qualified_plural == "pods":
        parts += ["log", "proxy"]
    return Resource(
        kind, version, catalogue.schema_of(kind), catalogue.is_native(kind), frozenset(parts), columns_of(kind)
    )


class Registry:
    """What is served now."""

    def __init__(self) -> None:
        self._served = Served(builtin_resources())

    @property
    def served(self) -> Served:
        return self._served
