"""Backends of a rule: `backendRefs` become weighted backends, or reasons why not (`HTTPBackendRef`, `GRPCBackendRef`).

What a GRPCRoute points at speaks HTTP/2, with or without `appProtocol`: gRPC has no other transport. What an HTTPRoute
points at speaks what its `appProtocol` says, else HTTP/1.1 (GEP-1911). A reference that cannot be resolved keeps its
share of the requests, which then fail: with UNAVAILABLE for gRPC, with 500 for HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gatelab.gateway.reference_grant import Referrer
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import filters, references
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


@dataclass(frozen=True, slots=True)
class Needs:
    """What a kind of route asks of its backends. `refused` are application protocols that cannot carry it."""

    route_kind: str
    carries: str
    failure_status: int
    refused: frozenset[str]
    always_http2: bool = False
    speaks: Literal["tcp", "udp"] | None = None
    """What goes to the backend as it is, for routes of layer 4."""


GRPC = Needs("GRPCRoute", "gRPC", 503, _WEBSOCKET, always_http2=True)
HTTP = Needs("HTTPRoute", "plain HTTP", 500, _TLS)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds backends for the routes of a kind, in a namespace."""

    needs: Needs
    namespace: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the requests of a rule go. `targets` says which Service port stands behind each backend's name."""

    action: model.Forward | model.Redirect
    targets: Mapping[str, ServicePortName] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()


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
    targets: dict[str, ServicePortName] = {}
    unresolved: list[Unresolved] = []
    shares: dict[tuple[str | None, model.HeaderChanges, model.HeaderChanges], int] = {}
    for index, reference in enumerate(backend_refs):
        try:
            own = filters.effects(reference.filters, filters.OF_BACKENDS)
        except Unsupported as error:
            raise error.within(f"backendRefs[{index}]") from error
        name = _found("backendRef", reference, resolver, targets, unresolved)
        share = (name, own.request_headers, own.response_headers)
        shares[share] = shares.get(share, 0) + reference.weight
    mirrors = [
        model.Mirror(name, part)
        for reference, part in effects.mirrors
        if (name := _found("requestMirror.backendRef", reference, resolver, targets, unresolved)) is not None
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
    return Destination(action, targets, tuple(unresolved))


def _found(
    field: str,
    reference: BackendReference | MirrorReference,
    resolver: Resolver,
    targets: dict[str, ServicePortName],
    unresolved: list[Unresolved],
) -> str | None:
    """The name of the backend, noted in `targets`; or None, and why in `unresolved`."""
    found = _resolve(field, reference, resolver)
    if isinstance(found, Unresolved):
        unresolved.append(found)
        return None
    name, targets[name] = found
    return name


def _resolve(
    field: str, reference: BackendReference | MirrorReference, resolver: Resolver
) -> tuple[str, ServicePortName] | Unresolved:
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
    return _resolve_port(key, service, reference.port, resolver.needs)


def _resolve_port(key: Key, service: Service, number: int, needs: Needs) -> tuple[str, ServicePortName] | Unresolved:
    transport = "UDP" if needs.speaks == "udp" else "TCP"
    port = _port(service, number, transport)
    if port is None:
        ports = ", ".join(str(each.port) for each in service.spec.ports if each.protocol == transport) or "none"
        return Unresolved("BackendNotFound", f"Service {key} has no {transport} port {number}; it has {ports}")
    if port.app_protocol in needs.refused:
        message = f"Service {key} port {number} has appProtocol {port.app_protocol}, which cannot carry {needs.carries}"
        return Unresolved("UnsupportedProtocol", message)
    if needs.speaks is not None:
        return f"{key}:{number}/{needs.speaks}", ServicePortName(key, port.name, needs.speaks)
    if needs.always_http2 or port.app_protocol in _HTTP2:
        return f"{key}:{number}", ServicePortName(key, port.name, "http2")
    # A Service port that two kinds of routes share is two backends.
    return f"{key}:{number}/http1", ServicePortName(key, port.name, "http1")


def _port(service: Service, number: int, transport: str) -> ServicePort | None:
    return next((port for port in service.spec.ports if port.port == number and port.protocol == transport), None)
