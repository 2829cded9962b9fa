"""What a proxy shall have: every resource by type and name, and who names whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field

from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, EncodedResource, Reference

Named = Mapping[str, EncodedResource]
_NOTHING: Named = {}
_NO_VERSIONS: Mapping[str, str] = {}
_NAMING = (LISTENER, CLUSTER)
"""The types that name what Envoy asks for by its name. Routes name clusters, which it is told unasked."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable state of the world. `parents` are, per type and name, the resources here that name it; `versions`
    those of the resources, by type and name. What is as it was in the state `before` is not looked through again.
    """

    resources: Mapping[str, Named]
    before: InitVar["Snapshot | None"] = None
    parents: Mapping[str, Mapping[str, Sequence[EncodedResource]]] = field(init=False, repr=False, compare=False)
    versions: Mapping[str, Mapping[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self, before: "Snapshot | None") -> None:
        versions = {
            type_url: before.versions[type_url]
            if before is not None and before.resources.get(type_url) is named
            else {name: resource.version for name, resource in named.items()}
            for type_url, named in self.resources.items()
        }
        object.__setattr__(self, "versions", versions)
        if before is not None and all(self.of(type_url) is before.of(type_url) for type_url in _NAMING):
            object.__setattr__(self, "parents", before.parents)
        else:
            object.__setattr__(self, "parents", _parents([self.of(type_url) for type_url in _NAMING]))

    def with_endpoints(self, endpoints: Named) -> "Snapshot":
        """The same with other endpoints."""
        return Snapshot({**self.resources, ENDPOINTS: endpoints}, self)

    def of(self, type_url: str) -> Named:
        """All resources of a type, by name."""
        return self.resources.get(type_url, _NOTHING)

    def versions_of(self, type_url: str) -> Mapping[str, str]:
        """The versions of all resources of a type, by name."""
        return self.versions.get(type_url, _NO_VERSIONS)

    def get(self, reference: Reference) -> EncodedResource | None:
        """One resource, if it is there."""
        type_url, name = reference
        return self.of(type_url).get(name)


def _parents(naming: Iterable[Named]) -> Mapping[str, Mapping[str, Sequence[EncodedResource]]]:
    found: dict[str, dict[str, list[EncodedResource]]] = {}
    for named in naming:
        for resource in named.values():
            for type_url, name in resource.needs:
                found.setdefault(type_url, {}).setdefault(name, []).append(resource)
    return found
