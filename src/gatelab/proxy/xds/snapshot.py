"""What a proxy shall have: every resource by type and name, and who names whom."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

from gatelab.proxy.resources import ENDPOINTS, EncodedResource, Reference

_NOTHING: Mapping[str, EncodedResource] = {}
_NO_VERSIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable state of the world. `parents` are, per type and name, the resources here that name it; `versions`
    those of the resources, by type and name.
    """

    resources: Mapping[str, Mapping[str, EncodedResource]]
    parents: Mapping[str, Mapping[str, Sequence[EncodedResource]]] = field(init=False, repr=False, compare=False)
    versions: Mapping[str, Mapping[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parents: dict[str, dict[str, list[EncodedResource]]] = defaultdict(lambda: defaultdict(list))
        for named in self.resources.values():
            for resource in named.values():
                for type_url, name in resource.needs:
                    parents[type_url][name].append(resource)
        object.__setattr__(self, "parents", {type_url: dict(named) for type_url, named in parents.items()})
        object.__setattr__(self, "versions", {type_url: _versions(named) for type_url, named in self.resources.items()})

    def with_endpoints(self, endpoints: Mapping[str, EncodedResource]) -> "Snapshot":
        """The same with other endpoints; who names whom stays, as endpoints name nobody."""
        changed = copy(self)
        object.__setattr__(changed, "resources", {**self.resources, ENDPOINTS: endpoints})
        object.__setattr__(changed, "versions", {**self.versions, ENDPOINTS: _versions(endpoints)})
        return changed

    def of(self, type_url: str) -> Mapping[str, EncodedResource]:
        """All resources of a type, by name."""
        return self.resources.get(type_url, _NOTHING)

    def versions_of(self, type_url: str) -> Mapping[str, str]:
        """The versions of all resources of a type, by name."""
        return self.versions.get(type_url, _NO_VERSIONS)

    def get(self, reference: Reference) -> EncodedResource | None:
        """One resource, if it is there."""
        type_url, name = reference
        return self.of(type_url).get(name)


def _versions(named: Mapping[str, EncodedResource]) -> Mapping[str, str]:
    return {name: resource.version for name, resource in named.items()}
