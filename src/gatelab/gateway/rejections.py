"""Routes that Envoy refuses although translation found nothing wrong with them.

Envoy refuses a route table as a whole and goes on with the last good one. The routes to blame are those that the last
good table did not have in this form; they are told Envoy's words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gatelab.gateway.translate.observations import ACCEPTED, fails
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.kinds.conditions import Condition
from gatelab.kinds.objects import Key
from gatelab.proxy.model import Acceptance, ProxyConfig, Route, RouteTable

Contents = Mapping[str, frozenset[tuple[str, Route]]]
"""What each route object has in a table, by the object's key as text."""


def contents(table: RouteTable) -> Contents:
    """The hosts and routes of a table by the object that they came from (`Route.name` begins with its key)."""
    found: dict[str, set[tuple[str, Route]]] = {}
    for host in table.hosts:
        for route in host.routes:
            found.setdefault(owner_of(route), set()).add((host.name, route))
    return {owner: frozenset(parts) for owner, parts in found.items()}


def owner_of(route: Route) -> str:
    """`namespace/name` of the object that a route of the model was made from."""
    namespace, name, _ = route.name.split("/", 2)
    return f"{namespace}/{name}"


@dataclass
class Rejections:
    """Remembers what the last good form of each table held, per proxy."""

    _good: dict[tuple[str, str], Contents] = field(default_factory=dict)

    def observe(self, proxy: str, config: ProxyConfig, acceptance: Acceptance) -> Mapping[str, str]:
        """Takes note of accepted tables; returns Envoy's words for each route object (as text) to blame."""
        blamed: dict[str, str] = {}
        for table in config.route_tables:
            words = acceptance.rejected.get("route_table", {}).get(table.name)
            if words is not None:
                blamed |= dict.fromkeys(self._suspects(proxy, table), words)
            elif acceptance.has_accepted("route_table", table.name):
                self._good[proxy, table.name] = contents(table)
        return blamed

    def _suspects(self, proxy: str, table: RouteTable) -> Iterator[str]:
        now, good = contents(table), self._good.get((proxy, table.name), {})
        changed = [owner for owner in now if now[owner] != good.get(owner)]
        yield from changed or now

    def forget(self, proxy: str) -> None:
        """The proxy is gone for good."""
        for key in [key for key in self._good if key[0] == proxy]:
            del self._good[key]


def refused(route: Key, parent: ParentOutcome, blamed: Mapping[str, str]) -> tuple[Condition, ...]:
    """The parent's conditions, with Accepted taken back if Envoy refused the route."""
    words = blamed.get(str(route))
    if words is None or not parent.is_accepted:
        return parent.conditions
    message = f"Envoy refused the route and serves the last good configuration: {words}"
    return tuple(
        fails(ACCEPTED, each.observed_generation or 0, reason="UnsupportedValue", message=message)
        if each.type == ACCEPTED
        else each
        for each in parent.conditions
    )
