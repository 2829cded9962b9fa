"""Secrets and ConfigMaps that something of ours refers to, and may: the only ones that are ever read."""

from collections.abc import Iterable, Iterator

from gatelab.gateway.reference_grant import Grants, Referrer
from gatelab.kinds.gatewayapi import (
    BackendTLSPolicy,
    Frontend,
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
    found = ((referrer, Key(each.namespace or referrer.namespace, each.name)) for referrer, each in named)
    return frozenset(key for referrer, key in found if granted.allow(referrer, "", "Secret", key))


def config_maps(
    gateway_classes: Iterable[GatewayClass],
    gateways: Iterable[Gateway],
    policies: Iterable[BackendTLSPolicy],
    granted: Grants,
) -> frozenset[Key]:
    """Certificates of authorities, for clients and for backends, and parameters of Gateways and their classes."""
    found: set[Key] = set()
    for gateway_class in gateway_classes:
        parameters = gateway_class.spec.parameters_ref
        if parameters is not None and (parameters.group, parameters.kind) == ("", "ConfigMap"):
            found.add(Key(parameters.namespace, parameters.name))
    for gateway in gateways:
        namespace = gateway.metadata.namespace
        parameters = gateway.spec.infrastructure.parameters_ref
        if parameters is not None and (parameters.group, parameters.kind) == ("", "ConfigMap"):
            found.add(Key(namespace, parameters.name))
        keys = (Key(each.namespace or namespace, each.name) for each in _authorities(gateway.spec.tls.frontend))
        found.update(key for key in keys if granted.allow(Referrer("Gateway", namespace), "", "ConfigMap", key))
    for policy in policies:
        references = policy.spec.validation.ca_certificate_refs
        found.update(Key(policy.metadata.namespace, each.name) for each in references)
    return frozenset(found)


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


def _authorities(frontend: Frontend | None) -> Iterator[ObjectReference]:
    if frontend is None:
        return
    for tls in (frontend.default, *(each.tls for each in frontend.per_port)):
        if tls.validation is not None:
            yield from tls.validation.ca_certificate_refs
