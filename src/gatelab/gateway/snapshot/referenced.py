"""Secrets and ConfigMaps that classes, Gateways, ListenerSets and policies refer to, and may: no other is ever read.

What becomes of a reference is for `translate` to say, by the same rule (`translate.references`).
"""

from collections.abc import Iterable, Iterator

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.kinds.gatewayapi import (
    BackendTLSPolicy,
    Gateway,
    GatewayClass,
    Listener,
    ListenerSet,
    ObjectReference,
    SecretReference,
)
from gatelab.kinds.objects import Key


def secrets(gateways: Iterable[Gateway], listener_sets: Iterable[ListenerSet], granted: Grants) -> frozenset[Key]:
    """Certificates of listeners, and those by which Gateways identify themselves to backends."""
    named = (*_of_gateways(gateways), *_of_listener_sets(listener_sets))
    return frozenset(_permitted(named, "Secret", granted))


def config_maps(
    gateway_classes: Iterable[GatewayClass],
    gateways: Iterable[Gateway],
    policies: Iterable[BackendTLSPolicy],
    granted: Grants,
) -> frozenset[Key]:
    """Certificates of authorities, for clients and for backends, and parameters of Gateways and their classes."""
    gateways = tuple(gateways)
    named = (*_of_frontends(gateways), *_of_policies(policies))
    return frozenset((*_parameters(gateway_classes, gateways), *_permitted(named, "ConfigMap", granted)))


def _permitted(
    named: Iterable[tuple[Referrer, ObjectReference | SecretReference]], kind: str, granted: Grants
) -> Iterator[Key]:
    for referrer, each in named:
        key = Key(each.namespace or referrer.namespace, each.name)
        if (each.group, each.kind) == ("", kind) and granted.allow(referrer, "", kind, key):
            yield key


def _parameters(gateway_classes: Iterable[GatewayClass], gateways: Iterable[Gateway]) -> Iterator[Key]:
    of_classes = ((each.spec.parameters_ref, "") for each in gateway_classes)
    of_gateways = ((each.spec.infrastructure.parameters_ref, each.metadata.namespace) for each in gateways)
    for reference, namespace in (*of_classes, *of_gateways):
        if reference is not None and (reference.group, reference.kind) == ("", "ConfigMap"):
            yield Key(namespace or reference.namespace, reference.name)


def _of_gateways(gateways: Iterable[Gateway]) -> Iterator[tuple[Referrer, SecretReference]]:
    for gateway in gateways:
        referrer = Referrer("Gateway", gateway.metadata.namespace)
        backend = gateway.spec.tls.backend
        if backend is not None and backend.client_certificate_ref is not None:
            yield referrer, backend.client_certificate_ref
        yield from ((referrer, each) for each in _certificates(gateway.spec.listeners))


def _of_listener_sets(listener_sets: Iterable[ListenerSet]) -> Iterator[tuple[Referrer, SecretReference]]:
    for each in listener_sets:
        referrer = Referrer("ListenerSet", each.metadata.namespace)
        yield from ((referrer, reference) for reference in _certificates(each.spec.listeners))


def _certificates(listeners: Iterable[Listener]) -> Iterator[SecretReference]:
    for listener in listeners:
        if listener.tls is not None:
            yield from listener.tls.certificate_refs


def _of_frontends(gateways: Iterable[Gateway]) -> Iterator[tuple[Referrer, ObjectReference]]:
    for gateway in gateways:
        referrer, frontend = Referrer("Gateway", gateway.metadata.namespace), gateway.spec.tls.frontend
        for tls in (frontend.default, *(each.tls for each in frontend.per_port)) if frontend is not None else ():
            if tls.validation is not None:
                yield from ((referrer, each) for each in tls.validation.ca_certificate_refs)


def _of_policies(policies: Iterable[BackendTLSPolicy]) -> Iterator[tuple[Referrer, ObjectReference]]:
    for policy in policies:
        referrer = Referrer("BackendTLSPolicy", policy.metadata.namespace)
        yield from ((referrer, each) for each in policy.spec.validation.ca_certificate_refs)
