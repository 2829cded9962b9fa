"""What Envoy refused of a Gateway's routes and backends, and how the routes are told (Gateway API, RouteConditionType).

A route that Envoy refuses is not Accepted. One with a backend that Envoy refuses is served, and what goes to that
backend fails: its reference does not resolve to anything that could be used.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate.observations import ACCEPTED, RESOLVED_REFS, fails
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.kinds.conditions import Condition
from gatelab.proxy.model import ProxyConfig, Route


@dataclass(frozen=True, slots=True)
class Refusal:
    """Envoy's words on a route, or on the `backend` that the route names."""

    words: str
    backend: str = ""

    @property
    def condition(self) -> tuple[str, str, str]:
        """Type, reason and message of the condition that does not hold."""
        if self.backend:
            message = f"Envoy refused backend {self.backend}, and requests to it fail: {self.words}"
            return RESOLVED_REFS, "BackendRefused", message
        message = f"Envoy refused the route, and does not serve it in this form: {self.words}"
        return ACCEPTED, "UnsupportedValue", message


Refusals = Mapping[str, Refusal]
"""By the route's `RouteId` as text."""


def owner_of(route: Route) -> str:
    """The route object (`RouteId`, as text) that a route of the model was made from: `Route.name` begins with it."""
    return route.name.rsplit("/", 2)[0]


def of_backends(config: ProxyConfig, refused: Mapping[str, str]) -> dict[str, Refusal]:
    """The routes in `config` that name a refused backend. `refused` are Envoy's words by the backend's name."""
    if not refused:
        return {}
    return {
        owner_of(route): Refusal(refused[name], name)
        for table in config.route_tables
        for host in table.hosts
        for route in host.routes
        for name in sorted(route.backends & refused.keys(), reverse=True)
    }


def with_refusal(route: RouteId, parent: ParentOutcome, refusals: Refusals) -> tuple[Condition, ...]:
    """The parent's conditions, of which one is taken back if Envoy refused the route or a backend of it."""
    refusal = refusals.get(str(route))
    if refusal is None or not parent.is_accepted:
        return parent.conditions
    type_, reason, message = refusal.condition
    return tuple(
        fails(type_, each.observed_generation or 0, reason=reason, message=message)
        if each.type == type_ and each.status == "True"
        else each
        for each in parent.conditions
    )
