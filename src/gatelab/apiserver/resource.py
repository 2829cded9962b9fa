"""One kind as the API serves it in one version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatelab.apiserver.tables.cells import Column
from gatelab.apiserver.tables.table import columns_of
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import catalogue
from gatelab.kinds.schemas.catalogue import Schema


@dataclass(frozen=True, slots=True, eq=False)
class CustomResource:
    """What only kinds of CustomResourceDefinitions have."""

    terminating: bool
    """Whether the definition is being deleted, so that nothing is created any more."""
    scale: Mapping[str, str] | None
    """`subresources.scale`: the JSON paths of replicas and selector."""
    metadata: Schema
    """What the definition's schema asks of `metadata.name`."""
    has_rules: bool
    """Whether the schema has rules in CEL."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind as it is served in one version.

    `schema` is that of whole objects; `is_native` says that Kubernetes itself decodes the kind, which then takes
    strategic merge patches and answers a value of a wrong type with 400 instead of 422. `custom` is None for
    built-in kinds.
    """

    kind: Kind
    version: str
    schema: Schema
    is_native: bool
    subresources: frozenset[str]
    columns: Sequence[Column]
    deprecation: str = ""
    """The warning that every request is answered with, if any."""
    custom: CustomResource | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Group, version and plural."""
        return self.kind.group, self.version, self.kind.plural


_MORE_PARTS = {"nodes": ("proxy",), "serviceaccounts": ("token",), "namespaces": ("finalize",)}


def built_in(kind: Kind, version: str) -> Resource:
    """A kind of `kinds.builtin`."""
    parts = ["status"] * kind.has_status + ["scale"] * kind.has_scale
    if kind.qualified_plural == "pods":
        parts += ["log", "proxy", "eviction", "exec", "attach", "portforward"]
    parts += _MORE_PARTS.get(kind.qualified_plural, ())
    return Resource(
        kind,
        version,
        catalogue.schema_of(kind, version),
        catalogue.is_native(kind),
        frozenset(parts),
        columns_of(kind),
        kind.deprecation(version),
    )
