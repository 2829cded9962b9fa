"""What a proxy shall have: every resource by type and name, and who names whom."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatelab.proxy.resources import EncodedResource, Reference

_NOTHING: Mapping[str, EncodedResource] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable state of the world. `parents` are, per type and name, the resources here that name it."""

    resources: Mapping[str, Mapping[str, EncodedResource]]
    parents: Mapping[str, Mapping[str, tuple[EncodedResource, ...]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parents: dict[str, dict[str, tuple[EncodedResource, ...]]] = defaultdict(dict)
        for named in self.resources.values():
            for resource in named.values():
                for type_url, name in resource.needs:
                    parents[type_url][name] = (*parents[type_url].get(name, ()), resource)
        object.__setattr__(self, "parents", parents)

    def of(self, type_url: str) -> Mapping[str, EncodedResource]:
        """All resources of a type, by name."""
        return self.resources.get(type_url, _NOTHING)

    def get(self, reference: Reference) -> EncodedResource | None:
        """One resource, if it is there."""
        type_url, name = reference
        return self.of(type_url).get(name)
