"""The snapshot: everything that a translation looks at, read once, immutable.

Objects are read into typed views here and nowhere else. An object that cannot be read (a schema newer or looser than
ours) is left out and named in `problems`; it never stops the others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from gatelab.gateway.reference_grant import NO_GRANTS, Grants, Referrer, grants
from gatelab.kinds.builtin import (
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
)
from gatelab.kinds.core import Namespace, Secret, Service
from gatelab.kinds.gatewayapi import Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant, Route
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.views import ObjectView, view

V = TypeVar("V", bound=ObjectView)


class RouteId(NamedTuple):
    """A route among those of all kinds."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the cluster. `addresses` are where each Gateway's data plane can be reached, as far as known."""

    gateway_classes: Mapping[str, GatewayClass] = field(default_factory=dict)
    gateways: Mapping[Key, Gateway] = field(default_factory=dict)
    routes: Mapping[RouteId, Route] = field(default_factory=dict)
    services: Mapping[Key, Service] = field(default_factory=dict)
    secrets: Mapping[Key, Secret] = field(default_factory=dict)
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    grants: Grants = NO_GRANTS
    addresses: Mapping[Key, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read(type_: type[V], objects: Iterable[Object], problems: list[str]) -> dict[Key, V]:
    """The objects as views, sorted by key; what cannot be read goes to `problems` as a sentence."""
    found: dict[Key, V] = {}
    for obj in objects:
        try:
            found[key_of(obj)] = view(type_, obj)
        except msgspec.ValidationError as error:
            problems.append(f"{type_.__name__} {key_of(obj)} cannot be read: {error}")
    return dict(sorted(found.items()))


def route_id(route: Route) -> RouteId:
    return RouteId(type(route).__name__, route.metadata.namespace, route.metadata.name)


def referenced_secrets(gateways: Iterable[Gateway], granted: Grants) -> frozenset[Key]:
    """The Secrets that listeners name and may name: the only ones that are ever looked at."""
    named = (
        (
            Referrer("Gateway", gateway.metadata.namespace),
            Key(reference.namespace or gateway.metadata.namespace, reference.name),
        )
        for gateway in gateways
        for listener in gateway.spec.listeners
        if listener.tls is not None
        for reference in listener.tls.certificate_refs
    )
    return frozenset(key for referrer, key in named if granted.allow(referrer, "", "Secret", key))


def snapshot_of(objects: Callable[[Kind], Iterable[Object]]) -> Snapshot:
    """The snapshot of what `objects` gives for each kind; without addresses, which are the data planes' matter."""
    problems: list[str] = []
    gateways = read(Gateway, objects(GATEWAY), problems)
    granted = grants(read(ReferenceGrant, objects(REFERENCE_GRANT), problems).values())
    wanted = referenced_secrets(gateways.values(), granted)
    routes: list[Route] = [
        *read(GRPCRoute, objects(GRPC_ROUTE), problems).values(),
        *read(HTTPRoute, objects(HTTP_ROUTE), problems).values(),
    ]
    return Snapshot(
        gateway_classes={key.name: each for key, each in read(GatewayClass, objects(GATEWAY_CLASS), problems).items()},
        gateways=gateways,
        routes={route_id(each): each for each in routes},
        services=read(Service, objects(SERVICE), problems),
        secrets=read(Secret, (each for each in objects(SECRET) if key_of(each) in wanted), problems),
        namespaces={key.name: each for key, each in read(Namespace, objects(NAMESPACE), problems).items()},
        grants=granted,
        problems=tuple(sorted(problems)),
    )
