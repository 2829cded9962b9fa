"""Ports of Services that `backendRefs` lead to: what is spoken there, in the clear or with TLS; or why nothing can be.

What a GRPCRoute points at speaks HTTP/2, with or without `appProtocol`: gRPC has no other transport. What an HTTPRoute
points at speaks what its `appProtocol` says, else HTTP/1.1 (GEP-1911). To a port whose BackendTLSPolicy is invalid
nothing may be sent.
"""

from dataclasses import dataclass
from typing import Literal

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.reference_grant import Referrer
from gatelab.gateway.translate import backend_tls_policy, references
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.gatewayapi import BackendReference, MirrorReference
from gatelab.kinds.objects import Key

_HTTP2 = frozenset({"kubernetes.io/h2c", "grpc"})
_WEBSOCKET = frozenset({"kubernetes.io/ws", "kubernetes.io/wss"})
_TLS = frozenset({"https", "kubernetes.io/wss"})
"""Never spoken in the clear: they need a BackendTLSPolicy."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a kind of route asks of its backends. `refused` are application protocols that cannot carry it."""

    route_kind: str
    carries: str
    failure_status: int
    refused: frozenset[str] = frozenset()
    always_http2: bool = False
    speaks: Literal["tcp", "udp"] | None = None
    """What goes to the backend as it is, for routes of layer 4."""
    after_tls: bool = False
    """Whether listeners may end TLS before, so that it begins anew if there is a BackendTLSPolicy."""


GRPC = Needs("GRPCRoute", "gRPC", 503, _WEBSOCKET, always_http2=True)
HTTP = Needs("HTTPRoute", "HTTP", 500)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds backends for the routes of a kind, in a namespace."""

    needs: Needs
    namespace: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a reference leads to. Unless it `is_usable` nothing may be sent there: its policy is invalid."""

    name: str
    target: ServicePortName
    is_usable: bool = True
    after_tls: "Port | None" = None
    """The same port, where TLS has ended and begins anew."""

    @property
    def service(self) -> Key:
        return self.target.service


def resolve(field: str, reference: BackendReference | MirrorReference, resolver: Resolver) -> Port | Unresolved:
    """The port that the reference in `field` leads to, or why it leads to none."""
    referrer = Referrer(resolver.needs.route_kind, resolver.namespace)
    grants = resolver.snapshot.grants
    key = references.target(field, reference, referrer, grants, kind="Service", else_reason="InvalidKind")
    if isinstance(key, Unresolved):
        return key
    service = resolver.snapshot.services.get(key)
    if service is None:
        return Unresolved("BackendNotFound", f"Service {key} does not exist")
    if service.spec.type == "ExternalName":
        return Unresolved("BackendNotFound", f"Service {key} is of type ExternalName and has no endpoints")
    if reference.port is None:
        return Unresolved("BackendNotFound", f"{field} to Service {key} names no port")
    return _resolve_port(key, service, reference.port, resolver)


def _resolve_port(key: Key, service: Service, number: int, resolver: Resolver) -> Port | Unresolved:
    needs = resolver.needs
    transport = "UDP" if needs.speaks == "udp" else "TCP"
    port = _port(service, number, transport)
    if port is None:
        ports = ", ".join(str(each.port) for each in service.spec.ports if each.protocol == transport) or "none"
        return Unresolved("BackendNotFound", f"Service {key} has no {transport} port {number}; it has {ports}")
    if needs.speaks is not None:
        name = f"{key}:{number}/{needs.speaks}"
        again = _after_tls(name, key, port, resolver) if needs.after_tls else None
        return Port(name, ServicePortName(key, port.name, needs.speaks), after_tls=again)
    policy = backend_tls_policy.applying(key, port.name, resolver.snapshot)
    spoken = (port.app_protocol or "").lower()
    where = f"Service {key} port {number} has appProtocol {port.app_protocol}"
    if spoken in needs.refused:
        return Unresolved("UnsupportedProtocol", f"{where}, which cannot carry {needs.carries}")
    if spoken in _TLS and policy is None:
        return Unresolved("UnsupportedProtocol", f"{where}, which needs a BackendTLSPolicy for the Service")
    tls = backend_tls_policy.tls_of(policy, resolver.snapshot) if policy is not None else None
    is_usable = policy is None or tls is not None
    if needs.always_http2 or spoken in _HTTP2:
        return Port(f"{key}:{number}", ServicePortName(key, port.name, "http2", tls), is_usable)
    # A Service port that two kinds of routes share is two backends.
    return Port(f"{key}:{number}/http1", ServicePortName(key, port.name, "http1", tls), is_usable)


def _after_tls(name: str, key: Key, port: ServicePort, resolver: Resolver) -> Port | None:
    """BackendTLSPolicy, `targetRefs`: "TLSRoute with termination"; what is passed on has its own TLS."""
    policy = backend_tls_policy.applying(key, port.name, resolver.snapshot)
    if policy is None:
        return None
    tls = backend_tls_policy.tls_of(policy, resolver.snapshot)
    return Port(f"{name}/tls", ServicePortName(key, port.name, "tcp", tls), tls is not None)


def _port(service: Service, number: int, transport: str) -> ServicePort | None:
    return next((port for port in service.spec.ports if port.port == number and port.protocol == transport), None)
