"""Routes that Envoy refuses although translation found nothing wrong with them.

Envoy refuses a route table as a whole and goes on with the last good one, so one bad route would hold up every change
of the others. The routes to suspect are those that the last good table did not have in this form. They are withheld
and tried again in halves, until each is either accepted or alone; the one that is refused alone is told Envoy's words
and stays out until it changes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate.observations import ACCEPTED, fails
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.kinds.conditions import Condition
from gatelab.proxy.model import Acceptance, ProxyConfig, Route, RouteTable
from gatelab.proxy.resources import others_of, scope_of, table_of

Version = tuple[str, int]
"""A route object in one form: its `RouteId` as text, and its generation."""
Generations = Callable[[], Mapping[str, int]]
"""The generation of each route object, by its `RouteId` as text."""
Contents = Mapping[str, frozenset[tuple[str, Route]]]
"""What each route object has in a table, by the object's key as text."""


@dataclass
class Quarantine:
    """The routes that one proxy is not given. `observe` after every change of what it has acknowledged."""

    guilty: dict[Version, str] = field(default_factory=dict)
    """Routes that were refused alone, with Envoy's words."""
    _waiting: list[frozenset[Version]] = field(default_factory=list)
    _good: dict[str, RouteTable] = field(default_factory=dict)

    @property
    def withheld(self) -> frozenset[Version]:
        """What must not be published now."""
        return frozenset(self.guilty).union(*self._waiting)

    def observe(self, config: ProxyConfig, acceptance: Acceptance, generations: Generations) -> bool:
        """Takes note of how far the proxy has come with `config`; returns whether `withheld` has changed.

        `generations` gives those that the routes in `config` have now; it is asked only if one was refused.
        """
        refused = acceptance.rejected.get("route_table", {})
        tables = {table.name: table for table in config.route_tables}
        if any(not acceptance.has_accepted("route_table", name) and name not in refused for name in tables):
            return False
        for name, table in tables.items():
            if name not in refused:
                self._good[name] = table
        for name, words in refused.items():
            if name in tables:
                hosts = {host for host in acceptance.rejected.get("host", {}) if table_of(host) == name}
                return self._accuse(self._suspects(tables[name], hosts, generations()), words)
        if self._waiting:
            self._waiting.pop(0)
            return True
        return False

    def forget_all_but(self, generations: Generations) -> None:
        """Routes that are gone or have changed are no longer accused."""
        if not self.guilty and not self._waiting:
            return
        present = set(generations().items())
        self.guilty = {version: words for version, words in self.guilty.items() if version in present}
        self._waiting = [group & present for group in self._waiting if group & present]

    def _suspects(self, table: RouteTable, hosts: Collection[str], generations: Mapping[str, int]) -> list[Version]:
        """Those that have changed; where Envoy refused single `hosts`, those on them."""
        good = self._good.get(table.name, RouteTable(table.name, ()))
        if hosts and others_of(table.name) not in hosts:
            table, good = _only(table, hosts), _only(good, hosts)
        now, before = contents(table), contents(good)
        changed = [owner for owner in now if now[owner] != before.get(owner)]
        return sorted({(owner, generations[owner]) for owner in changed if owner in generations} - self.withheld)

    def _accuse(self, suspects: list[Version], words: str) -> bool:
        if len(suspects) == 1:
            self.guilty[suspects[0]] = words
        elif suspects:
            half = len(suspects) // 2
            self._waiting[:0] = [frozenset(suspects[:half]), frozenset(suspects[half:])]
        return bool(suspects)


def contents(table: RouteTable) -> Contents:
    """The hosts and routes of a table by the object that they came from."""
    found: dict[str, set[tuple[str, Route]]] = {}
    for host in table.hosts:
        for route in host.routes:
            found.setdefault(owner_of(route), set()).add((host.name, route))
    return {owner: frozenset(parts) for owner, parts in found.items()}


def _only(table: RouteTable, hosts: Collection[str]) -> RouteTable:
    return RouteTable(table.name, tuple(host for host in table.hosts if scope_of(table.name, host) in hosts))


def owner_of(route: Route) -> str:
    """The route object (`RouteId`, as text) that a route of the model was made from: `Route.name` begins with it."""
    return route.name.rsplit("/", 2)[0]


def blamed(guilty: Iterable[tuple[Version, str]]) -> dict[str, str]:
    """Envoy's words by the route's key as text."""
    return {owner: words for (owner, _), words in guilty}


def with_words(route: RouteId, parent: ParentOutcome, words: Mapping[str, str]) -> tuple[Condition, ...]:
    """The parent's conditions, with Accepted taken back if Envoy refused the route."""
    refusal = words.get(str(route))
    if refusal is None or not parent.is_accepted:
        return parent.conditions
    message = f"Envoy refused the route, and does not serve it in this form: {refusal}"
    return tuple(
        fails(ACCEPTED, each.observed_generation or 0, reason="UnsupportedValue", message=message)
        if each.type == ACCEPTED
        else each
        for each in parent.conditions
    )
