"""Backends of a rule: `backendRefs` become weighted backends, or reasons why not (`HTTPBackendRef`, `GRPCBackendRef`).

What a GRPCRoute points at speaks HTTP/2, with or without `appProtocol`: gRPC has no other transport. What an HTTPRoute
points at speaks what its `appProtocol` says, else HTTP/1.1 (GEP-1911). A reference that cannot be resolved keeps its
share of the requests, which then fail: with UNAVAILABLE for gRPC, with 500 for HTTP. So does one to a port whose
BackendTLSPolicy is invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gatelab.gateway.reference_grant import Referrer
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import backend_tls_policy, filters, references
from gatelab.gateway.translate.filters import Effects
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.gateway.translate.references import Unresolved
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.gatewayapi import BackendReference, MirrorReference
from gatelab.kinds.objects import Key
from gatelab.proxy import model

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
class Destination:
    """Where the requests of a rule go. `targets` says which Service port stands behind each backend's name; `services`
    are those of all references that lead to a port, whether or not it can be spoken to.

    `after_tls` are the backends that take others' places on listeners which end TLS; None is none, for what was asked
    for cannot be done.
    """

    action: model.Forward | model.Redirect
    targets: Mapping[str, ServicePortName] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()
    services: frozenset[Key] = frozenset()
    after_tls: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What the references of a rule have come to so far."""

    targets: dict[str, ServicePortName] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)
    services: set[Key] = field(default_factory=set)
    after_tls: dict[str, str | None] = field(default_factory=dict)


def destination(
    backend_refs: Sequence[BackendReference],
    effects: Effects,
    resolver: Resolver,
    session: model.Session | None = None,
) -> Destination:
    """Where the references of one rule lead, with what the rule's filters do. Raises Unsupported.

    With a session a backend of weight 0 stays one that clients may be at.
    """
    if effects.redirect is not None:
        return Destination(effects.redirect)
    found = _Found()
    shares: dict[tuple[str | None, model.HeaderChanges, model.HeaderChanges], int] = {}
    for index, reference in enumerate(backend_refs):
        try:
            own = filters.effects(reference.filters, filters.OF_BACKENDS)
        except Unsupported as error:
            raise error.within(f"backendRefs[{index}]") from error
        name = _found("backendRef", reference, resolver, found)
        share = (name, own.request_headers, own.response_headers)
        shares[share] = shares.get(share, 0) + reference.weight
    mirrors = [
        model.Mirror(name, part)
        for reference, part in effects.mirrors
        if (name := _found("requestMirror.backendRef", reference, resolver, found)) is not None
    ]
    action = model.Forward(
        tuple(
            model.WeightedBackend(name, weight, *own)
            for (name, *own), weight in shares.items()
            if weight > 0 or (session is not None and name is not None)
        ),
        failure_status=resolver.needs.failure_status,
        host=effects.host,
        path=effects.path,
        mirrors=tuple(mirrors),
        session=session,
    )
    return Destination(action, found.targets, tuple(found.unresolved), frozenset(found.services), found.after_tls)


def _found(field: str, reference: BackendReference | MirrorReference, resolver: Resolver, found: _Found) -> str | None:
    """The name of the backend, noted in `found`; or None, and why if it is the reference's fault."""
    port = _resolve(field, reference, resolver)
    if isinstance(port, Unresolved):
        found.unresolved.append(port)
        return None
    found.services.add(port.service)
    if not port.is_usable:
        return None
    found.targets[port.name] = port.target
    if port.after_tls is not None:
        again = port.after_tls
        found.after_tls[port.name] = again.name if again.is_usable else None
        found.targets |= {again.name: again.target} if again.is_usable else {}
    return port.name


@dataclass(frozen=True, slots=True)
class _Port:
    """A port that a reference leads to. Unless it `is_usable` nothing may be sent there: its policy is invalid."""

    name: str
    target: ServicePortName
    is_usable: bool = True
    after_tls: "_Port | None" = None
    """The same port, where TLS has ended and begins anew."""

    @property
    def service(self) -> Key:
        return self.target.service


def _resolve(field: str, reference: BackendReference | MirrorReference, resolver: Resolver) -> _Port | Unresolved:
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


def _resolve_port(key: Key, service: Service, number: int, resolver: Resolver) -> _Port | Unresolved:
    needs = resolver.needs
    transport = "UDP" if needs.speaks == "udp" else "TCP"
    port = _port(service, number, transport)
    if port is None:
        ports = ", ".join(str(each.port) for each in service.spec.ports if each.protocol == transport) or "none"
        return Unresolved("BackendNotFound", f"Service {key} has no {transport} port {number}; it has {ports}")
    if needs.speaks is not None:
        name = f"{key}:{number}/{needs.speaks}"
        again = _after_tls(name, key, port, resolver) if needs.after_tls else None
        return _Port(name, ServicePortName(key, port.name, needs.speaks), after_tls=again)
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
        return _Port(f"{key}:{number}", ServicePortName(key, port.name, "http2", tls), is_usable)
    # A Service port that two kinds of routes share is two backends.
    return _Port(f"{key}:{number}/http1", ServicePortName(key, port.name, "http1", tls), is_usable)


def _after_tls(name: str, key: Key, port: ServicePort, resolver: Resolver) -> _Port | None:
    """BackendTLSPolicy, `targetRefs`: "TLSRoute with termination"; what is passed on has its own TLS."""
    policy = backend_tls_policy.applying(key, port.name, resolver.snapshot)
    if policy is None:
        return None
    tls = backend_tls_policy.tls_of(policy, resolver.snapshot)
    return _Port(f"{name}/tls", ServicePortName(key, port.name, "tcp", tls), tls is not None)


def _port(service: Service, number: int, transport: str) -> ServicePort | None:
    return next((port for port in service.spec.ports if port.port == number and port.protocol == transport), None)
