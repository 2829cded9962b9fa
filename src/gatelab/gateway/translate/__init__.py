"""Pure rules of the Gateway API, one file per rule: snapshot in, model and statuses out.

In: a `Snapshot`. Out: a `Translation`: per Gateway a `ProxyConfig` and what to say of its listeners, per route what it
is told about each parent, per class whether it is accepted. The same objects in any order give an equal translation.
Nothing here reads a clock, does IO, logs, or raises on an object that the API accepted: bad input is a condition.
"""

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate import gateway_class, gateways, listeners, routes
from gatelab.gateway.translate.outcome import Translation
from gatelab.gateway.translate.proxy_config import Binding
from gatelab.kinds.objects import Key

__all__ = ["Translation", "translate"]

ANY_ADDRESS = "0.0.0.0"
"""For a pod with a network of its own."""


def translate(
    snapshot: Snapshot,
    *,
    controller_names: frozenset[str] = gateway_class.CONTROLLER_NAMES,
    bind_any: bool = False,
    privileged_shift: int = 0,
    translated_rules: routes.Translated = routes.translated_rules,
) -> Translation:
    """Everything that follows from the snapshot.

    Only classes of `controller_names` are looked at. With `bind_any` listeners are bound on every address of the pod;
    else on the Gateway's own address, and a Gateway that has none yet gets no model. `privileged_shift` is added to
    bound ports below 1024. `translated_rules` may be a `RuleMemo`, which remembers.
    """
    ours = gateway_class.ours(snapshot.gateway_classes, controller_names)
    classes = {name: gateway_class.accepted(each) for name, each in ours.items()}
    parents = {
        key: routes.Parent(
            gateway=gateway,
            controller_name=ours[gateway.spec.gateway_class_name].spec.controller_name,
            listeners=listeners.judged(gateway, snapshot.secrets, snapshot.grants),
        )
        for key, gateway in sorted(snapshot.gateways.items())
        if gateway.spec.gateway_class_name in classes and classes[gateway.spec.gateway_class_name].status == "True"
    }
    outcomes = routes.judged(snapshot, parents, translated_rules)
    attached = routes.by_listener([outcome for _, outcome in sorted(outcomes.items())])
    bindings = {key: _binding(key, snapshot, bind_any, privileged_shift) for key in parents}
    return Translation(
        classes=classes,
        gateways={key: gateways.outcome(parent, attached, bindings[key]) for key, parent in parents.items()},
        routes={key: outcome.parents for key, outcome in outcomes.items()},
        problems=snapshot.problems,
        controller_names=controller_names,
    )


def _binding(gateway: Key, snapshot: Snapshot, bind_any: bool, privileged_shift: int) -> Binding | None:
    address = ANY_ADDRESS if bind_any else snapshot.addresses.get(gateway)
    return Binding(address, privileged_shift) if address else None
