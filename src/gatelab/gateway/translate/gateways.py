"""One Gateway: its listeners with what is attached to them, its model, and whether it and its sets are accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gatelab.gateway.translate import addresses, frontend_validation, listener_sets
from gatelab.gateway.translate.observations import ACCEPTED, RESOLVED_REFS, fails, holds
from gatelab.gateway.translate.outcome import GatewayOutcome, ListenerOutcome, ListenerSetOutcome, ListenerVerdict
from gatelab.gateway.translate.parameters import UNTUNED, Tuning, tuned, with_retries
from gatelab.gateway.translate.parents import Merged
from gatelab.gateway.translate.proxy_config import Assembled, Binding, Makers, ServedListener, assembled
from gatelab.gateway.translate.routes import Place
from gatelab.gateway.translate.targets import Attached
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Gateway
from gatelab.persistent import PersistentMap

_NO_ROUTES: Attached = PersistentMap()


def outcome(
    merged: Merged,
    routes: Mapping[Place, Attached],
    binding: Binding | None,
    makers: Makers,
    tuning: Tuning = UNTUNED,
) -> GatewayOutcome:
    """What becomes of the Gateway. `routes` are those attached to each listener.

    Without a binding nothing can be served yet, and there is no model.
    """
    gateway, listeners = merged.gateway, merged.listeners
    key = gateway.metadata.key
    attached = {each.id: routes.get((key, each.id), _NO_ROUTES) for each in listeners}
    accepted = _accepted(gateway, merged.own.listeners, tuning.problem)
    model: Assembled | None = None
    if binding is not None and accepted.status == "True":
        served = [ServedListener(each, attached[each.id]) for each in listeners if each.is_servable]
        makers = replace(makers, tables=with_retries(makers.tables, tuning.parameters))
        model = assembled(served, binding, makers, merged.identity.certificate)
    placements = model.placements if model else {}
    told = {each.id: ListenerOutcome(each, len(attached[each.id]), placements.get(each.id)) for each in listeners}
    return GatewayOutcome(
        gateway=gateway,
        controller_name=merged.controller_name,
        accepted=accepted,
        listeners=tuple(told.values()),
        others=_others(merged),
        config=tuned(model.config, tuning.parameters) if model else None,
        backends=model.backends if model else {},
        listener_sets=_of_sets(merged, accepted, told),
        parameters=tuning.parameters,
    )


def _of_sets(
    merged: Merged, accepted: Condition, told: Mapping[str, ListenerOutcome]
) -> tuple[ListenerSetOutcome, ...]:
    """What becomes of the Gateway's sets. `accepted` is the Gateway's, `told` what its listeners are told, by id."""
    return tuple(
        ListenerSetOutcome(
            listener_set=parent.listener_set,
            accepted=listener_sets.accepted(parent, accepted),
            listeners=tuple(told[each.id] for each in parent.listeners),
        )
        for parent in merged.listener_sets
        if parent.listener_set is not None
    )


def _accepted(gateway: Gateway, listeners: Sequence[ListenerVerdict], problem: str) -> Condition:
    """Accepted of the Gateway (GatewayConditionType): its own fields first, then whether any listener is valid."""
    generation = gateway.metadata.generation
    if problem:
        return fails(ACCEPTED, generation, reason="InvalidParameters", message=problem)
    unsupported = addresses.unsupported(gateway)
    if unsupported:
        return fails(ACCEPTED, generation, reason="UnsupportedAddress", message=unsupported)
    invalid = [each.listener.name for each in listeners if not each.is_accepted]
    if not invalid:
        return holds(ACCEPTED, generation, message="every listener is accepted")
    message = f"not accepted: listener {', '.join(invalid)}; see status.listeners"
    if len(invalid) == len(listeners):
        return fails(ACCEPTED, generation, reason="ListenersNotValid", message=message)
    return holds(ACCEPTED, generation, reason="ListenersNotValid", message=message)


def _others(merged: Merged) -> tuple[Condition, ...]:
    insecure = frontend_validation.insecure(merged.gateway)
    return (_resolved(merged), *((insecure,) if insecure else ()))


def _resolved(merged: Merged) -> Condition:
    """ResolvedRefs of the Gateway: its own references, and a summary of those of its listeners."""
    generation, refusal = merged.gateway.metadata.generation, merged.identity.refusal
    if refusal is not None:
        return fails(RESOLVED_REFS, generation, reason=refusal.reason, message=refusal.message)
    unresolved = [each.listener.name for each in merged.own.listeners if not each.is_resolved]
    if unresolved:
        message = f"not resolved: listener {', '.join(unresolved)}; see status.listeners"
        return fails(RESOLVED_REFS, generation, reason="ListenersNotResolved", message=message)
    return holds(RESOLVED_REFS, generation, message="every reference of the Gateway and its listeners is resolved")
