"""Pure rules of the Gateway API, one file per rule: snapshot in, model and statuses out.

In: a `Snapshot`. Out: a `Translation`: per Gateway a `ProxyConfig` and what to say of its listeners and ListenerSets,
per route what it is told about each parent, per policy about each Gateway that uses it, per class whether it is
accepted. The same objects in any order give an equal translation.
Nothing here reads a clock, does IO, logs, or raises on an object that the API accepted: bad input is a condition.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import (
    backend_client_certificate,
    gateway_class,
    gateways,
    listener_sets,
    listeners,
    parameters,
    policy_ancestors,
)
from gatelab.gateway.translate.listener_sets import Claim
from gatelab.gateway.translate.memo import Memo
from gatelab.gateway.translate.outcome import Translation
from gatelab.gateway.translate.parents import Merged, Parent
from gatelab.gateway.translate.proxy_config import Binding
from gatelab.kinds.gatewayapi import Gateway, GatewayClass
from gatelab.kinds.objects import Key

__all__ = ["Memo", "Translation", "translate"]

ANY_ADDRESS = "0.0.0.0"
"""For a pod with a network of its own."""


def translate(
    snapshot: Snapshot,
    *,
    controller_names: frozenset[str] = gateway_class.CONTROLLER_NAMES,
    bind_any: bool = False,
    privileged_shift: int = 0,
    memo: Memo | None = None,
) -> Translation:
    """Everything that follows from the snapshot.

    Only classes of `controller_names` are looked at. With `bind_any` listeners are bound on every address of the pod;
    else on the Gateway's own address, and a Gateway that has none yet gets no model. `privileged_shift` is added to
    bound ports below 1024. A `memo` changes nothing but the time that it takes.
    """
    memo = memo or Memo()
    memo.begin()
    ours = gateway_class.ours(snapshot.gateway_classes, controller_names)
    classes = {
        name: gateway_class.accepted(each, parameters.problem_of_class(each, snapshot)) for name, each in ours.items()
    }
    merged = _all_merged(snapshot, ours, memo)
    parents = {parent.id: parent for each in merged.values() for parent in each.parents}
    told = memo.judged(snapshot, parents)
    attached = memo.by_listener()
    bindings = {key: _binding(key, snapshot, bind_any, privileged_shift) for key in merged}
    tunings = {key: _tuning(each.gateway, ours, snapshot) for key, each in merged.items()}
    found = {
        key: gateways.outcome(each, attached, bindings[key], memo.makers(key), tunings[key])
        for key, each in merged.items()
    }
    policies = policy_ancestors.ancestors(snapshot, merged, attached, memo.users)
    memo.end()
    return Translation(
        classes=classes,
        gateways=found,
        routes=told,
        policies=policies,
        orphans=listener_sets.orphans(snapshot),
        problems=snapshot.problems,
        controller_names=controller_names,
    )


def _all_merged(snapshot: Snapshot, classes: Mapping[str, GatewayClass], memo: Memo) -> Mapping[Key, Merged]:
    """The Gateways of these classes, by key."""
    claims = listener_sets.by_gateway(snapshot)
    found: dict[Key, Merged] = {}
    for key, gateway in sorted(snapshot.gateways.items()):
        gateway_class_ = classes.get(gateway.spec.gateway_class_name)
        if gateway_class_ is not None:
            name, claimed = gateway_class_.spec.controller_name, claims.get(key, ())
            judge = partial(_merged, gateway, name, claimed, snapshot)
            found[key] = memo.merged(gateway, name, claimed, snapshot, judge)
    return found


def _merged(gateway: Gateway, controller_name: str, claims: Sequence[Claim], snapshot: Snapshot) -> Merged:
    """The Gateway with the listeners that it has and takes. Sets that it refuses are parents too, to be told so."""
    admitted = [each.listener_set for each in claims if not each.refusal]
    own, *of_sets = listeners.judged(gateway, admitted, snapshot)
    verdicts = dict(zip((each.metadata.key for each in admitted), of_sets, strict=True))
    return Merged(
        Parent(gateway, controller_name, own),
        tuple(
            Parent(
                gateway,
                controller_name,
                verdicts.get(each.listener_set.metadata.key, ()),
                each.listener_set,
                each.refusal,
            )
            for each in claims
        ),
        backend_client_certificate.identity(gateway, snapshot.secrets, snapshot.grants),
    )


def _tuning(gateway: Gateway, classes: Mapping[str, GatewayClass], snapshot: Snapshot) -> parameters.Tuning:
    return parameters.tuning(gateway, classes[gateway.spec.gateway_class_name], snapshot)


def _binding(gateway: Key, snapshot: Snapshot, bind_any: bool, privileged_shift: int) -> Binding | None:
    address = ANY_ADDRESS if bind_any else snapshot.addresses.get(gateway)
    return Binding(address, privileged_shift) if address else None
