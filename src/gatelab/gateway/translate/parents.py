"""Parents of routes: Gateways of ours, and the ListenerSets that add listeners to them (Gateway API, ParentReference).

A route attaches to the listeners of the parent that it names: those of a Gateway are its own, without its sets'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gatelab.gateway.translate.backend_client_certificate import NOBODY, Identity
from gatelab.gateway.translate.outcome import ListenerVerdict
from gatelab.kinds.gatewayapi import GROUP, Gateway, ListenerSet, ParentReference, Route

KINDS = frozenset({"Gateway", "ListenerSet"})
"""The kinds that can be parents."""


class ParentId(NamedTuple):
    """A parent among those of all kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Parent:
    """A Gateway or a ListenerSet, as its routes see it; `listeners` are its own.

    `refusal` is why the Gateway takes no listeners from the set, "" if it does; a refused set has none.
    """

    gateway: Gateway
    controller_name: str
    listeners: tuple[ListenerVerdict, ...]
    listener_set: ListenerSet | None = None
    refusal: str = ""

    @property
    def id(self) -> ParentId:
        owner = self.listener_set or self.gateway
        return ParentId(type(owner).__name__, owner.metadata.namespace, owner.metadata.name)


@dataclass(frozen=True, slots=True)
class Merged:
    """A Gateway with the ListenerSets that name it, in order of precedence (GEP-1713); and who it is for backends."""

    own: Parent
    listener_sets: tuple[Parent, ...] = ()
    identity: Identity = NOBODY

    @property
    def gateway(self) -> Gateway:
        return self.own.gateway

    @property
    def controller_name(self) -> str:
        return self.own.controller_name

    @property
    def parents(self) -> tuple[Parent, ...]:
        return (self.own, *self.listener_sets)

    @property
    def listeners(self) -> tuple[ListenerVerdict, ...]:
        """All that the Gateway has: its own, then those of its sets."""
        return tuple(listener for parent in self.parents for listener in parent.listeners)


Parents = Mapping[ParentId, Parent]


def parent_id(reference: ParentReference, route: Route) -> ParentId | None:
    """The parent that the reference names; None if it is of another kind."""
    if reference.group != GROUP or reference.kind not in KINDS:
        return None
    return ParentId(reference.kind, reference.namespace or route.metadata.namespace, reference.name)
