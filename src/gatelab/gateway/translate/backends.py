"""Backends of a rule: `backendRefs` become weighted backends, or reasons why not (GRPCRoute API, `BackendRef`).

What a GRPCRoute points at speaks HTTP/2, with or without `appProtocol`: gRPC has no other transport. A reference that
cannot be resolved keeps its share of the requests, which then fail with UNAVAILABLE.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.translate import references
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.gatewayapi import BackendReference
from gatelab.kinds.objects import Key
from gatelab.proxy import model

_NOT_HTTP2 = frozenset({"kubernetes.io/ws", "kubernetes.io/wss"})
"""GEP-1911: application protocols that cannot carry what a GRPCRoute sends."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the requests of a rule go. `targets` says which Service port stands behind each backend's name."""

    action: model.Forward
    targets: Mapping[str, ServicePortName] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()


def destination(
    backend_refs: Sequence[BackendReference], route_namespace: str, services: Mapping[Key, Service]
) -> Destination:
    """Where the references of one rule lead."""
    shares: dict[str | None, int] = {}
    targets: dict[str, ServicePortName] = {}
    unresolved: list[Unresolved] = []
    for reference in backend_refs:
        found = _resolve(reference, route_namespace, services)
        name = None
        if isinstance(found, Unresolved):
            unresolved.append(found)
        else:
            name, targets[name] = found
        shares[name] = shares.get(name, 0) + reference.weight
    weighted = tuple(model.WeightedBackend(name, weight) for name, weight in shares.items() if weight > 0)
    return Destination(model.Forward(weighted), targets, tuple(unresolved))


def _resolve(
    reference: BackendReference, route_namespace: str, services: Mapping[Key, Service]
) -> tuple[str, ServicePortName] | Unresolved:
    key = references.target("backendRef", reference, route_namespace, kind="Service", else_reason="InvalidKind")
    if isinstance(key, Unresolved):
        return key
    service = services.get(key)
    if service is None:
        return Unresolved("BackendNotFound", f"Service {key} does not exist")
    if service.spec.type == "ExternalName":
        return Unresolved("BackendNotFound", f"Service {key} is of type ExternalName and has no endpoints")
    return _resolve_port(reference, key, service)


def _resolve_port(reference: BackendReference, key: Key, service: Service) -> tuple[str, ServicePortName] | Unresolved:
    if reference.port is None:
        return Unresolved("BackendNotFound", f"backendRef to Service {key} names no port")
    port = _tcp_port(service, reference.port)
    if port is None:
        ports = ", ".join(str(each.port) for each in service.spec.ports if each.protocol == "TCP") or "none"
        return Unresolved("BackendNotFound", f"Service {key} has no TCP port {reference.port}; it has {ports}")
    if port.app_protocol in _NOT_HTTP2:
        message = f"Service {key} port {port.port} has appProtocol {port.app_protocol}, which cannot carry gRPC"
        return Unresolved("UnsupportedProtocol", message)
    return f"{key}:{port.port}", ServicePortName(key, port.name)


def _tcp_port(service: Service, number: int) -> ServicePort | None:
    return next((port for port in service.spec.ports if port.port == number and port.protocol == "TCP"), None)
