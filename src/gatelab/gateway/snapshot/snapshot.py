"""The snapshot: everything that a translation looks at, read once, immutable.

Objects are read into typed views here and nowhere else. An object that cannot be read (a schema newer or looser than
ours) is left out and named in `problems`; it never stops the others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from gatelab.gateway.snapshot import referenced
from gatelab.gateway.snapshot.policy_targets import Policies, policies_by_service
from gatelab.gateway.snapshot.reference_grant import NO_GRANTS, Grants, grants
from gatelab.kinds.builtin import (
    BACKEND_TLS_POLICY,
    CONFIG_MAP,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    LISTENER_SET,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
    TCP_ROUTE,
    TLS_ROUTE,
    UDP_ROUTE,
)
from gatelab.kinds.core import ConfigMap, Namespace, Secret, Service
from gatelab.kinds.gatewayapi import (
    BackendTLSPolicy,
    Gateway,
    GatewayClass,
    GRPCRoute,
    HTTPRoute,
    ListenerSet,
    ReferenceGrant,
    Route,
    TCPRoute,
    TLSRoute,
    UDPRoute,
)
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.views import ObjectView, view

V = TypeVar("V", bound=ObjectView)

ROUTES: Mapping[Kind, type[Route]] = {
    GRPC_ROUTE: GRPCRoute,
    HTTP_ROUTE: HTTPRoute,
    TLS_ROUTE: TLSRoute,
    TCP_ROUTE: TCPRoute,
    UDP_ROUTE: UDPRoute,
}
"""The kinds of routes, with how each is read."""


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
    """One state of the cluster. `addresses` are where each Gateway's data plane can be reached, as far as known;
    `policies_of` are the `backend_tls_policies` by what they are for.
    """

    gateway_classes: Mapping[str, GatewayClass] = field(default_factory=dict)
    gateways: Mapping[Key, Gateway] = field(default_factory=dict)
    routes: Mapping[RouteId, Route] = field(default_factory=dict)
    services: Mapping[Key, Service] = field(default_factory=dict)
    listener_sets: Mapping[Key, ListenerSet] = field(default_factory=dict)
    backend_tls_policies: Mapping[Key, BackendTLSPolicy] = field(default_factory=dict)
    secrets: Mapping[Key, Secret] = field(default_factory=dict)
    config_maps: Mapping[Key, ConfigMap] = field(default_factory=dict)
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    grants: Grants = NO_GRANTS
    addresses: Mapping[Key, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    policies_of: Policies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies_of", policies_by_service(self.backend_tls_policies.values()))


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


def snapshot_of(objects: Callable[[Kind], Iterable[Object]]) -> Snapshot:
    """The snapshot of what `objects` gives for each kind; without addresses, which are the data planes' matter."""
    problems: list[str] = []
    classes = read(GatewayClass, objects(GATEWAY_CLASS), problems)
    gateways = read(Gateway, objects(GATEWAY), problems)
    listener_sets = read(ListenerSet, objects(LISTENER_SET), problems)
    policies = read(BackendTLSPolicy, objects(BACKEND_TLS_POLICY), problems)
    granted = grants(read(ReferenceGrant, objects(REFERENCE_GRANT), problems).values())
    secrets = referenced.secrets(gateways.values(), listener_sets.values(), granted)
    config_maps = referenced.config_maps(classes.values(), gateways.values(), policies.values(), granted)
    routes = [route for kind, type_ in ROUTES.items() for route in read(type_, objects(kind), problems).values()]
    return Snapshot(
        gateway_classes={key.name: each for key, each in classes.items()},
        gateways=gateways,
        routes={route_id(each): each for each in routes},
        services=read(Service, objects(SERVICE), problems),
        listener_sets=listener_sets,
        backend_tls_policies=policies,
        secrets=read(Secret, (each for each in objects(SECRET) if key_of(each) in secrets), problems),
        config_maps=read(ConfigMap, (each for each in objects(CONFIG_MAP) if key_of(each) in config_maps), problems),
        namespaces={key.name: each for key, each in read(Namespace, objects(NAMESPACE), problems).items()},
        grants=granted,
        problems=tuple(sorted(problems)),
    )
