"""Attachment: which listeners a route gets, by `parentRefs`, `sectionName`, `port` and the listeners' `allowedRoutes`.

Gateway API, `ParentReference` and `AllowedRoutes`. A listener's own status does not matter: "Listener or Route status
does not impact successful attachment" (ListenerStatus, `attachedRoutes`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatelab.gateway.translate.hostnames import intersection, normal
from gatelab.gateway.translate.namespaces import are_allowed_from
from gatelab.gateway.translate.outcome import ListenerVerdict
from gatelab.gateway.translate.parents import Parent
from gatelab.kinds.core import Namespace
from gatelab.kinds.gatewayapi import GROUP, ParentReference, Route, RouteGroupKind


@dataclass(frozen=True, slots=True)
class Attachment:
    """The listeners (by id) that take the route through one parentRef; or why none does."""

    listeners: frozenset[str] = frozenset()
    reason: str = ""
    message: str = ""


def attached(
    reference: ParentReference,
    route: Route,
    parent: Parent,
    namespaces: Mapping[str, Namespace],
) -> Attachment:
    """The listeners of the parent that take the route; the first step that leaves none gives the reason."""
    kind = RouteGroupKind(kind=type(route).__name__, group=GROUP)
    selected = [each for each in parent.listeners if _is_selected(each, reference)]
    if not selected:
        return Attachment(reason="NoMatchingParent", message=parent.refusal or _no_parent(reference, parent))
    allowing = [each for each in selected if _allows(each, kind, route, parent, namespaces)]
    if not allowing:
        return Attachment(reason="NotAllowedByListeners", message=_not_allowed(selected, kind, route))
    sharing = [each for each in allowing if has_common_hostname(each.listener.hostname, route.spec.hostnames)]
    if not sharing:
        wanted, offered = ", ".join(route.spec.hostnames), ", ".join(each.listener.hostname for each in allowing)
        message = f"hostnames {wanted} have nothing in common with the listeners' {offered}"
        return Attachment(reason="NoMatchingListenerHostname", message=message)
    return Attachment(frozenset(each.id for each in sharing))


def has_common_hostname(listener: str, route: Iterable[str]) -> bool:
    """Whether a request could reach the route through the listener. A route without hostnames takes the listener's."""
    return any(intersection(normal(listener), normal(hostname)) is not None for hostname in tuple(route) or ("",))


def _is_selected(verdict: ListenerVerdict, reference: ParentReference) -> bool:
    listener = verdict.listener
    return reference.section_name in (None, listener.name) and reference.port in (None, listener.port)


def _allows(
    verdict: ListenerVerdict,
    kind: RouteGroupKind,
    route: Route,
    parent: Parent,
    namespaces: Mapping[str, Namespace],
) -> bool:
    allowed = verdict.listener.allowed_routes.namespaces
    here, there = route.metadata.namespace, parent.id.namespace
    return kind in verdict.supported_kinds and are_allowed_from(allowed, here, there, namespaces)


def _no_parent(reference: ParentReference, parent: Parent) -> str:
    wanted = " and ".join(
        [f"sectionName {reference.section_name}"] * (reference.section_name is not None)
        + [f"port {reference.port}"] * (reference.port is not None)
    )
    there = ", ".join(f"{each.listener.name} ({each.listener.port})" for each in parent.listeners)
    return f"no listener of {parent.id} has {wanted or 'been declared'}; there are: {there or 'none'}"


def _not_allowed(selected: Sequence[ListenerVerdict], kind: RouteGroupKind, route: Route) -> str:
    rules = "; ".join(
        f"listener {each.listener.name} takes {', '.join(k.kind for k in each.supported_kinds) or 'no kind of route'} "
        f"from namespaces: {each.listener.allowed_routes.namespaces.from_}"
        for each in selected
    )
    return f"{kind.kind} of namespace {route.metadata.namespace} is not allowed: {rules}"
