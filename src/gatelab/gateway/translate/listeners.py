"""Listeners: protocol, conflicts on a port, references; a verdict for each (Gateway API, `GatewaySpec.listeners`)."""

from collections.abc import Sequence

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.reference_grant import Referrer
from gatelab.gateway.translate import frontend_validation, listener_conflicts, listener_kinds, listener_tls
from gatelab.gateway.translate.frontend_validation import Validation
from gatelab.gateway.translate.listener_conflicts import Conflict
from gatelab.gateway.translate.namespaces import selector_fault
from gatelab.gateway.translate.observations import ACCEPTED, RESOLVED_REFS, fails, holds
from gatelab.gateway.translate.outcome import ListenerVerdict
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Gateway, Listener, ListenerSet
from gatelab.proxy.model import Certificate


def judged(
    gateway: Gateway, listener_sets: Sequence[ListenerSet], snapshot: Snapshot
) -> tuple[tuple[ListenerVerdict, ...], ...]:
    """A verdict for each listener of the Gateway, then for those of each set, in the order of their specs.

    The sets are those from which the Gateway takes listeners, in order of precedence.
    """
    owners: tuple[Gateway | ListenerSet, ...] = (gateway, *listener_sets)
    conflicts = listener_conflicts.conflicts(owner.spec.listeners for owner in owners)
    return tuple(
        tuple(
            _judge(gateway, owner, listener, conflict, snapshot)
            for listener, conflict in zip(owner.spec.listeners, found, strict=True)
        )
        for owner, found in zip(owners, conflicts, strict=True)
    )


def _judge(
    gateway: Gateway,
    owner: Gateway | ListenerSet,
    listener: Listener,
    conflict: Conflict | None,
    snapshot: Snapshot,
) -> ListenerVerdict:
    generation, grants = owner.metadata.generation, snapshot.grants
    kinds = listener_kinds.supported(listener)
    asked = frontend_validation.validation(gateway, listener, snapshot.config_maps, grants)
    accepted = _accepted(listener, conflict, asked, generation)
    certificates: tuple[Certificate, ...] = ()
    refusals: tuple[Unresolved, ...] = ()
    if listener_tls.ends_at(listener):
        referrer = Referrer(type(owner).__name__, owner.metadata.namespace)
        certificates, refusals = listener_tls.certificates(listener, referrer, snapshot.secrets, grants)
    refusals += asked.refusals if asked else ()
    return ListenerVerdict(
        listener=listener,
        supported_kinds=kinds,
        conditions=(
            accepted,
            _resolved(listener, certificates, refusals, generation),
            listener_conflicts.conflicted(conflict, generation),
        ),
        certificates=certificates,
        authorities=asked.authorities if asked else None,
        clients=asked.clients if asked else None,
        is_servable=accepted.status == "True"
        and bool(kinds)
        and (bool(certificates) or not listener_tls.ends_at(listener)),
        listener_set=owner.metadata.key if isinstance(owner, ListenerSet) else None,
    )


def _accepted(listener: Listener, conflict: Conflict | None, asked: Validation | None, generation: int) -> Condition:
    if listener.protocol not in listener_kinds.BY_PROTOCOL:
        served = ", ".join(listener_kinds.BY_PROTOCOL)
        message = f"protocol {listener.protocol} is not served; {served} are"
        return fails(ACCEPTED, generation, reason="UnsupportedProtocol", message=message)
    if conflict:
        return fails(ACCEPTED, generation, reason=conflict.reason, message=conflict.message)
    unsupported = _unsupported_value(listener)
    if unsupported:
        return fails(ACCEPTED, generation, reason="UnsupportedValue", message=unsupported)
    if asked is not None and asked.authorities is None:
        message = "no caCertificateRef of spec.tls.frontend can be used, so no client could be judged"
        return fails(ACCEPTED, generation, reason="NoValidCACertificate", message=message)
    return holds(ACCEPTED, generation, message=f"{listener.protocol} on port {listener.port} can be served")


def _unsupported_value(listener: Listener) -> str | None:
    """Settings that must not be passed over: serving without them would be more open than what was asked for."""
    fault = selector_fault(listener.allowed_routes.namespaces)
    if fault:
        return f"allowedRoutes.namespaces.selector: {fault}"
    if listener.protocol != "HTTPS" or listener.tls is None:
        return None
    if listener.tls.mode != "Terminate":
        return f"tls.mode {listener.tls.mode} is not possible with protocol HTTPS; use Terminate"
    return None


def _resolved(
    listener: Listener,
    certificates: Sequence[Certificate],
    refusals: Sequence[Unresolved],
    generation: int,
) -> Condition:
    strangers = listener_kinds.unsupported(listener)
    if listener.protocol in listener_kinds.BY_PROTOCOL and strangers:
        names = ", ".join(f"{kind.kind}.{kind.group}" if kind.group else kind.kind for kind in strangers)
        message = f"allowedRoutes.kinds: {names} cannot be carried by protocol {listener.protocol}"
        return fails(RESOLVED_REFS, generation, reason="InvalidRouteKinds", message=message)
    if refusals:
        message = "; ".join(refusal.message for refusal in refusals)
        return fails(RESOLVED_REFS, generation, reason=refusals[0].reason, message=message)
    return holds(RESOLVED_REFS, generation, message=_resolution(certificates))


def _resolution(certificates: Sequence[Certificate]) -> str:
    if not certificates:
        return "the listener needs no certificate"
    return f"the listener has the certificate in Secret {', '.join(each.name for each in certificates)}"
