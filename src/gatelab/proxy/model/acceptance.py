"""How far a proxy has come with what it was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ResourceType = Literal["listener", "route_table", "host", "backend", "endpoints", "certificate"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How far a proxy has come with what was published to it.

    `connected`: at least one Envoy of this proxy has an open stream. `pending`: names, per type, that are published but
    not acknowledged by every connected Envoy in their present version. `rejected`: names per type with Envoy's words;
    the proxy serves the last good version of these.
    """

    connected: bool = False
    pending: Mapping[ResourceType, frozenset[str]] = field(default_factory=dict)
    rejected: Mapping[ResourceType, Mapping[str, str]] = field(default_factory=dict)

    def has_accepted(self, type_: ResourceType, name: str) -> bool:
        """Whether every connected Envoy runs the present version of that resource."""
        return (
            self.connected
            and name not in self.pending.get(type_, frozenset())
            and name not in self.rejected.get(type_, {})
        )
