"""Routes that Envoy refuses although translation found nothing wrong with them.

Envoy refuses a route table as a whole and goes on with the last good one, so one bad route would hold up every change
of the others. The routes to suspect are those that the last good table did not have in this form. They are withheld
and tried again in halves, until each is either accepted or alone; the one that is refused alone is told Envoy's words
and stays out until it changes, by itself or with what it refers to.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from gatelab.gateway.publication.refusals import Refusal, owner_of
from gatelab.proxy.model import Acceptance, ProxyConfig, Route, RouteTable
from gatelab.proxy.resources import others_of, scope_of, table_of

Version = tuple[str, int]
"""A route object in one form: its `RouteId` as text, and its generation."""
Generations = Callable[[], Mapping[str, int]]
"""The generation of each route object, by its `RouteId` as text."""
Contents = Mapping[str, frozenset[Route]]
"""What each route object has in a table, on whatever hosts, by the object's key as text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Envoy's words on a route that was refused alone, in this form."""

    words: str
    table: str
    form: frozenset[Route]


@dataclass
class Quarantine:
    """The routes that one proxy is not given. `observe` after every change of what it has acknowledged."""

    guilty: dict[Version, Verdict] = field(default_factory=dict)
    _waiting: list[frozenset[Version]] = field(default_factory=list)
    _good: dict[str, RouteTable] = field(default_factory=dict)

    @property
    def refusals(self) -> dict[str, Refusal]:
        """Envoy's words by the route's key as text."""
        return {owner: Refusal(verdict.words) for (owner, _), verdict in self.guilty.items()}

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
                return self._accuse(self._suspects(tables[name], hosts, generations()), tables[name], words)
        if self._waiting:
            self._waiting.pop(0)
            return True
        return False

    def forget_changed(self, config: ProxyConfig, generations: Generations) -> None:
        """Routes that are gone, or would be something else in `config` than what was refused, are no longer accused."""
        if not self.guilty and not self._waiting:
            return
        present = set(generations().items())
        now = {table.name: contents(table) for table in config.route_tables} if self.guilty else {}
        self.guilty = {
            version: verdict
            for version, verdict in self.guilty.items()
            if version in present and now.get(verdict.table, {}).get(version[0]) == verdict.form
        }
        self._waiting = [group & present for group in self._waiting if group & present]

    def _suspects(self, table: RouteTable, hosts: Collection[str], generations: Mapping[str, int]) -> list[Version]:
        """Those that have changed; where Envoy refused single `hosts`, those on them."""
        good = self._good.get(table.name, RouteTable(table.name, ()))
        if hosts and others_of(table.name) not in hosts:
            table = _only(table, hosts)
        now, before = contents(table), contents(good)
        changed = [owner for owner in now if not now[owner] <= before.get(owner, frozenset())]
        return sorted({(owner, generations[owner]) for owner in changed if owner in generations} - self.withheld)

    def _accuse(self, suspects: list[Version], table: RouteTable, words: str) -> bool:
        if len(suspects) == 1:
            (version,) = suspects
            self.guilty[version] = Verdict(words, table.name, contents(table)[version[0]])
        elif suspects:
            half = len(suspects) // 2
            self._waiting[:0] = [frozenset(suspects[:half]), frozenset(suspects[half:])]
        return bool(suspects)


def contents(table: RouteTable) -> Contents:
    """The routes of a table by the object that they came from."""
    found: dict[str, set[Route]] = {}
    for host in table.hosts:
        for route in host.routes:
            found.setdefault(owner_of(route), set()).add(route)
    return {owner: frozenset(parts) for owner, parts in found.items()}


def _only(table: RouteTable, hosts: Collection[str]) -> RouteTable:
    return RouteTable(table.name, tuple(host for host in table.hosts if scope_of(table.name, host) in hosts))
