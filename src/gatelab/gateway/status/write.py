"""One status that is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object, key_of


@dataclass(frozen=True, slots=True)
class StatusWrite:
    """A status that differs from the one that the object has."""

    kind: Kind
    object: Object
    status: Mapping[str, Any]

    async def perform(self, cluster: Cluster) -> None:
        """One merge patch with the version that the status was made for. Raises ApiError: Conflict if it is stale."""
        present = self.object.get("status") or {}
        gone: dict[str, Any] = {name: None for name in present if name not in self.status}
        changed = {name: value for name, value in self.status.items() if present.get(name) != value}
        patch: dict[str, Any] = {
            "metadata": {"resourceVersion": self.object["metadata"]["resourceVersion"]},
            "status": gone | changed,
        }
        await cluster.patch(self.kind, key_of(self.object), patch, subresource="status")


def is_of_generation(obj: Object, generation: int | None) -> bool:
    """Whether the object is still the one that was translated."""
    return bool(obj["metadata"].get("generation", 0) == generation)
