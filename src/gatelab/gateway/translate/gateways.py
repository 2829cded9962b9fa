"""One Gateway: its listeners with what is attached to them, its model, and whether it is accepted as a whole."""

from collections.abc import Mapping, Sequence

from gatelab.gateway.translate import addresses
from gatelab.gateway.translate.observations import ACCEPTED, fails, holds
from gatelab.gateway.translate.outcome import GatewayOutcome, ListenerOutcome, ListenerVerdict
from gatelab.gateway.translate.proxy_config import Assembled, Binding, ServedListener, Tables, assembled
from gatelab.gateway.translate.route_tables import route_table
from gatelab.gateway.translate.routes import Parent
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key


def outcome(
    parent: Parent,
    routes: Mapping[tuple[Key, str], Sequence[RuleSet]],
    binding: Binding | None,
    tables: Tables = route_table,
) -> GatewayOutcome:
    """What becomes of the Gateway. `routes` are those attached to each listener.

    Without a binding nothing can be served yet, and there is no model.
    """
    gateway = parent.gateway
    key = gateway.metadata.key
    attached = {each.id: tuple(routes.get((key, each.id), ())) for each in parent.listeners}
    accepted = _accepted(gateway, parent.listeners)
    model: Assembled | None = None
    if binding is not None and accepted.status == "True":
        served = [ServedListener(each, attached[each.id]) for each in parent.listeners if each.is_servable]
        model = assembled(served, binding, tables)
    return GatewayOutcome(
        gateway=gateway,
        controller_name=parent.controller_name,
        accepted=accepted,
        listeners=tuple(
            ListenerOutcome(
                verdict=each,
                attached_routes=len(attached[each.id]),
                placement=model.placements.get(each.id) if model else None,
            )
            for each in parent.listeners
        ),
        config=model.config if model else None,
        backends=model.backends if model else {},
    )


def _accepted(gateway: Gateway, listeners: Sequence[ListenerVerdict]) -> Condition:
    """Accepted of the Gateway (GatewayConditionType): its own fields first, then whether any listener is valid."""
    generation = gateway.metadata.generation
    parameters = gateway.spec.infrastructure.parameters_ref
    if parameters is not None:
        message = f"spec.infrastructure.parametersRef {parameters.kind} {parameters.name}: there are no parameters"
        return fails(ACCEPTED, generation, reason="InvalidParameters", message=f"{message}; remove the field")
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
