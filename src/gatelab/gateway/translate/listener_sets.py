"""ListenerSets: which ones a Gateway takes listeners from, in which order, and what each is told (GEP-1713).

"By default, Gateways do not allow ListenerSet attachment": `spec.allowedListeners` says from which namespaces they may
come. Of conflicting listeners the Gateway's own have precedence, then those of the oldest set, then those of the first
by namespace/name (ListenerSetSpec, `listeners`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.namespaces import are_allowed_from, selector_fault
from gatelab.gateway.translate.observations import ACCEPTED, fails, holds
from gatelab.gateway.translate.parents import Parent
from gatelab.kinds.conditions import Condition
from gatelab.kinds.core import Namespace
from gatelab.kinds.gatewayapi import GROUP, Gateway, ListenerSet
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Claim:
    """A ListenerSet that names a Gateway. `refusal` is why it is not allowed to, "" if it is."""

    listener_set: ListenerSet
    refusal: str = ""

    def is_same(self, other: "Claim") -> bool:
        """Whether it is the same object, judged in the same way."""
        return self.listener_set is other.listener_set and self.refusal == other.refusal


def by_gateway(snapshot: Snapshot) -> Mapping[Key, tuple[Claim, ...]]:
    """The sets that name each Gateway, in order of precedence."""
    found: dict[Key, list[Claim]] = {}
    for each in sorted(snapshot.listener_sets.values(), key=age):
        key = gateway_of(each)
        gateway = snapshot.gateways.get(key) if key is not None else None
        if key is not None and gateway is not None:
            found.setdefault(key, []).append(Claim(each, _refusal(gateway, each, snapshot.namespaces)))
    return {key: tuple(claims) for key, claims in found.items()}


def orphans(snapshot: Snapshot) -> tuple[ListenerSet, ...]:
    """The sets that name a Gateway that is not there, by their keys."""
    return tuple(
        each
        for _, each in sorted(snapshot.listener_sets.items())
        if (key := gateway_of(each)) is not None and key not in snapshot.gateways
    )


def gateway_of(listener_set: ListenerSet) -> Key | None:
    """The Gateway that the set names; None if its parent is of another kind."""
    reference = listener_set.spec.parent_ref
    if (reference.group, reference.kind) != (GROUP, "Gateway"):
        return None
    return Key(reference.namespace or listener_set.metadata.namespace, reference.name)


def accepted(parent: Parent, gateway: Condition) -> Condition:
    """Accepted of a set. `gateway` is that of its Gateway.

    A set is accepted with what can be served of it, and is not where nothing can: a certificate that it may not have
    leaves it without a valid listener.
    """
    assert parent.listener_set is not None
    generation = parent.listener_set.metadata.generation
    if parent.refusal:
        return fails(ACCEPTED, generation, reason="NotAllowed", message=parent.refusal)
    if gateway.status != "True":
        message = f"Gateway {parent.gateway.metadata.key} is not accepted: {gateway.reason}"
        return fails(ACCEPTED, generation, reason="ParentNotAccepted", message=message)
    invalid = [each.listener.name for each in parent.listeners if not each.is_servable]
    if not invalid:
        return holds(ACCEPTED, generation, message="every listener is accepted")
    message = f"not valid: listener {', '.join(invalid)}; see status.listeners"
    if len(invalid) == len(parent.listeners):
        return fails(ACCEPTED, generation, reason="ListenersNotValid", message=message)
    return holds(ACCEPTED, generation, reason="ListenersNotValid", message=message)


def _refusal(gateway: Gateway, listener_set: ListenerSet, namespaces: Mapping[str, Namespace]) -> str:
    allowed = gateway.spec.allowed_listeners.namespaces
    here, there = listener_set.metadata.namespace, gateway.metadata.namespace
    if are_allowed_from(allowed, here, there, namespaces):
        return ""
    fault = selector_fault(allowed)
    cause = f"the selector's {fault}" if fault and allowed.from_ == "Selector" else f"from is {allowed.from_}"
    return (
        f"Gateway {gateway.metadata.key} takes no listeners from namespace {here}: "
        f"spec.allowedListeners.namespaces, {cause}"
    )
