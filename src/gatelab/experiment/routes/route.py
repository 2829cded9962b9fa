"""Which rule of a route takes the experiment's calls: its Gateway, its backends and their weights.

Found as a reader of the manifests would find it: by hostname, method and the Service that the file names. What stays
ambiguous is not guessed.
"""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatelab.cluster.port import Cluster
from gatelab.experiment.file import Experiment
from gatelab.experiment.place import Place
from gatelab.experiment.routes.match import Specificity, takes_host, taking
from gatelab.kinds.builtin import GATEWAY, GRPC_ROUTE, HTTP_ROUTE, LISTENER_SET
from gatelab.kinds.errors import ApiError
from gatelab.kinds.gatewayapi import (
    BackendReference,
    GRPCRoute,
    GRPCRouteRule,
    HTTPRoute,
    HTTPRouteRule,
    ListenerSet,
    ParentReference,
)
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.views import view

RESOLVE_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class RoutedBackend:
    """A Service port behind a rule, and the part of the rule's requests that its weight gives it."""

    service: Key
    port: int
    share: float

    @property
    def name(self) -> str:
        """`namespace/name:port`: in gatelab's own Envoys the cluster's name, or its beginning."""
        return f"{self.service}:{self.port}"


@dataclass(frozen=True, slots=True)
class Routed:
    """The rule that takes the calls. `route` names it for people."""

    gateway: Key
    route: str
    backends: tuple[RoutedBackend, ...]

    @property
    def is_weighted(self) -> bool:
        return len(self.backends) > 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A route's rule at one of the Gateways that the route names. `route` names it for people."""

    gateway: Key
    route: str
    hostnames: tuple[str, ...]
    rule: GRPCRouteRule | HTTPRouteRule
    backends: tuple[RoutedBackend, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be told, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Every rule of a cluster's GRPCRoutes and HTTPRoutes. `addresses` are those of all Gateways, by key."""

    rules: Sequence[Rule]
    addresses: Mapping[Key, frozenset[str]]


async def find_route(experiment: Experiment, method: str, place: Place, cluster: Cluster) -> Routed | Unknown:
    """`method` is `/package.Service/Method`, `place` where the target was found."""
    try:
        rules = await read_rules(cluster)
    except ApiError as error:
        return Unknown(f"the cluster's routes cannot be read: {error.message}")
    found = list(_candidates(experiment, method, rules.rules))
    if not found:
        return Unknown(f"no GRPCRoute or HTTPRoute leads from {experiment.target}{method} to {experiment.service}")
    places = await addresses_of(place)
    here = [each for each in found if places & rules.addresses.get(each[1].gateway, frozenset())] or found
    best = max(specificity for specificity, _ in here)
    chosen = {routed for specificity, routed in here if specificity == best}
    if len(chosen) > 1:
        names = ", ".join(sorted(f"{each.route} of Gateway {each.gateway}" for each in chosen))
        return Unknown(f"several rules may take the calls: {names}")
    return chosen.pop()


async def read_rules(cluster: Cluster) -> Rules:
    """All that routes say. Raises ApiError."""
    grpc_routes = [view(GRPCRoute, each) for each in await cluster.list(GRPC_ROUTE)]
    http_routes = [view(HTTPRoute, each) for each in await cluster.list(HTTP_ROUTE)]
    try:
        listener_sets = [view(ListenerSet, each) for each in await cluster.list(LISTENER_SET)]
    except ApiError:
        # Of a newer Gateway API than the cluster may have.
        listener_sets = []
    addresses = {key_of(each): _addresses(each) for each in await cluster.list(GATEWAY)}
    by_key = {each.metadata.key: each for each in listener_sets}
    routes: list[GRPCRoute | HTTPRoute] = [*grpc_routes, *http_routes]
    rules = [each for route in routes for each in _rules(route, by_key)]
    return Rules(rules, addresses)


def _rules(route: GRPCRoute | HTTPRoute, listener_sets: Mapping[Key, ListenerSet]) -> Iterator[Rule]:
    namespace, hostnames = route.metadata.namespace, tuple(route.spec.hostnames)
    gateways = _gateways(route.spec.parent_refs, namespace, listener_sets)
    rules: Sequence[GRPCRouteRule | HTTPRouteRule] = route.spec.rules
    for index, rule in enumerate(rules):
        backends = _backends(rule.backend_refs, namespace)
        for gateway in gateways:
            yield Rule(gateway, f"{route.metadata.key} rule {index}", hostnames, rule, backends)


async def addresses_of(place: Place) -> frozenset[str]:
    """The addresses by which a Gateway is known to be at `place`."""
    return frozenset({place.address}) | await _resolved(place.address)


def _addresses(gateway: Object) -> frozenset[str]:
    return frozenset(str(each.get("value")) for each in (gateway.get("status") or {}).get("addresses") or ())


async def _resolved(host: str) -> frozenset[str]:
    """The addresses that the system knows for `host`: a Gateway of a remote cluster is found by them."""
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


def _candidates(experiment: Experiment, method: str, rules: Sequence[Rule]) -> Iterator[tuple[Specificity, Routed]]:
    """The rules that take the calls to the experiment's Service."""
    namespace, service, port = experiment.service_reference
    own, host = f"{Key(namespace, service)}:{port}", experiment.target_address[0]
    for each in rules:
        specificity = taking(each.rule, method) if takes_host(each.hostnames, host) else None
        if specificity is not None and own in {backend.name for backend in each.backends}:
            yield specificity, Routed(each.gateway, each.route, each.backends)


def _gateways(
    parents: Sequence[ParentReference], namespace: str, listener_sets: Mapping[Key, ListenerSet]
) -> frozenset[Key]:
    found = set()
    for parent in parents:
        key = Key(parent.namespace or namespace, parent.name)
        if parent.kind == "Gateway":
            found.add(key)
        elif parent.kind == "ListenerSet" and key in listener_sets:
            above = listener_sets[key].spec.parent_ref
            found.add(Key(above.namespace or key.namespace, above.name))
    return frozenset(found)


def _backends(references: Sequence[BackendReference], namespace: str) -> tuple[RoutedBackend, ...]:
    """Weights as parts of 1; a Service port that is named twice is one backend."""
    weights: dict[tuple[Key, int], int] = {}
    for each in references:
        key = Key(each.namespace or namespace, each.name)
        if each.kind == "Service" and each.port is not None:
            weights[key, each.port] = weights.get((key, each.port), 0) + each.weight
    total = sum(weights.values())
    return tuple(RoutedBackend(key, port, weight / total) for (key, port), weight in weights.items()) if total else ()
