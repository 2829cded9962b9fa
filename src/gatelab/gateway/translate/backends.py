"""Backends of a rule: `backendRefs` become weighted backends, or reasons why not (`HTTPBackendRef`, `GRPCBackendRef`).

A reference that cannot be resolved keeps its share of the requests, which then fail: with UNAVAILABLE for gRPC, with
500 for HTTP. So does one to a port to which nothing may be sent (`backend_ports`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.translate import filters
from gatelab.gateway.translate.backend_ports import Resolver, resolve
from gatelab.gateway.translate.filters import Effects
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.gateway.translate.references import Unresolved
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import BackendReference, MirrorReference
from gatelab.kinds.objects import Key
from gatelab.proxy import model


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


_Share = tuple[str | None, model.HeaderChanges, model.HeaderChanges]
"""A backend, None for one that cannot be had, with what is done to headers of requests and answers."""


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
    if effects.unresolved:
        return Destination(model.Forward((), resolver.needs.failure_status), unresolved=effects.unresolved)
    found = _Found()
    shares = _shares(backend_refs, resolver, found)
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


def _shares(backend_refs: Sequence[BackendReference], resolver: Resolver, found: _Found) -> Mapping[_Share, int]:
    """The weights; references to the same backend that do the same to headers are one share."""
    shares: dict[_Share, int] = {}
    for index, reference in enumerate(backend_refs):
        try:
            own = filters.effects(reference.filters, filters.OF_BACKENDS)
        except Unsupported as error:
            raise error.within(f"backendRefs[{index}]") from error
        found.unresolved += own.unresolved
        name = None if own.unresolved else _found("backendRef", reference, resolver, found)
        share = (name, own.request_headers, own.response_headers)
        shares[share] = shares.get(share, 0) + reference.weight
    return shares


def _found(field: str, reference: BackendReference | MirrorReference, resolver: Resolver, found: _Found) -> str | None:
    """The name of the backend, noted in `found`; or None, and why if it is the reference's fault."""
    port = resolve(field, reference, resolver)
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
