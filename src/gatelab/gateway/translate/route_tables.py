"""Route tables: the hosts of a port or chain, told apart by the listeners that they belong to.

Isolation shapes them (Gateway API, `Listener.hostname`): a request belongs to the listener with the most specific
hostname that covers it, and to no other; it does not fall through to a less specific one, not even when the first has
no route for it. What is tried on a host: `host_routes`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate import host_routes
from gatelab.gateway.translate.hostnames import EVERY, coverers, covers, hostnames_of, intersection, specificity
from gatelab.gateway.translate.redirects import HTTP, Entrance
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.gateway.translate.targets import Attached
from gatelab.persistent import PersistentMap, Row
from gatelab.proxy import model


@dataclass(frozen=True, slots=True)
class HostScope:
    """A listener as far as routing is concerned: its hostname ("*" for every) and the routes attached to it.

    `neighbours` are the hostnames of listeners on the port that have tables of their own, its own may be among them:
    what is for one of these is misdirected here.
    """

    hostname: str
    routes: Attached = field(default_factory=PersistentMap)
    entrance: Entrance = HTTP
    neighbours: frozenset[str] = frozenset()


ELSEWHERE = "(elsewhere)"
"""The name of the host that answers misdirected requests: no hostname is like it."""


def route_table(name: str, scopes: Sequence[HostScope]) -> model.RouteTable:
    """One table for all listeners that requests on it are told apart for; their hostnames are distinct."""
    return TableMemo().table(name, scopes)


class TableMemo:
    """A table from one state to the next: only the hosts that a changed route may be tried on are made again."""

    def __init__(self) -> None:
        self._scopes: list[_ScopeMemo] = []
        self._hosts: Row[str, model.VirtualHost] = Row(_most_specific_first)
        self._elsewhere: tuple[model.VirtualHost, ...] = ()
        self._hostnames: frozenset[str] = frozenset()

    def table(self, name: str, scopes: Sequence[HostScope]) -> model.RouteTable:
        """As `route_table`."""
        if [_identity(each) for each in scopes] != [_identity(each) for each in self._scopes]:
            self._scopes = [_ScopeMemo(each.hostname, each.entrance, each.neighbours) for each in scopes]
            self._hosts = Row(_most_specific_first)
            self._elsewhere = _elsewhere(scopes)
            self._hostnames = frozenset(each.hostname for each in scopes).union(*(each.neighbours for each in scopes))
        for scope, memo in zip(scopes, self._scopes, strict=True):
            for domain in memo.changed(scope.routes):
                if _owner(domain, self._hostnames) != scope.hostname:
                    continue
                if memo.has(domain):
                    self._hosts.put(domain, memo.host(domain))
                else:
                    self._hosts.take(domain)
        return model.RouteTable(name, self._hosts.items + self._elsewhere)


class _ScopeMemo:
    """The routes of a listener by hostname, and the domains that they want."""

    def __init__(self, hostname: str, entrance: Entrance, neighbours: frozenset[str]) -> None:
        self.hostname = hostname
        self.entrance = entrance
        self.neighbours = neighbours
        self._routes: Attached | None = None
        self._by_hostname: dict[str, dict[RouteId, RuleSet]] = {}
        self._wanted: Counter[str] = Counter()

    def changed(self, routes: Attached) -> set[str]:
        """Takes these for the present routes; the domains on which others may be tried now than before."""
        is_first, before = self._routes is None, self._routes if self._routes is not None else PersistentMap()
        touched: set[str] = set()
        for id_ in routes.changes_since(before):
            if id_ in before:
                touched |= self._remove(id_, before[id_])
            if id_ in routes:
                touched |= self._add(id_, routes[id_])
        self._routes = routes
        return {*self._wanted, self.hostname} if is_first else self._affected(touched)

    def has(self, domain: str) -> bool:
        """Whether the listener answers for it: its own hostname, and its routes' within it."""
        return domain == self.hostname or domain in self._wanted

    def host(self, domain: str) -> model.VirtualHost:
        return host_routes.virtual_host(domain, self._by_hostname, self.entrance)

    def _add(self, id_: RouteId, rules: RuleSet) -> set[str]:
        hostnames = set(hostnames_of(rules.route))
        for hostname in hostnames:
            self._by_hostname.setdefault(hostname, {})[id_] = rules
            common = intersection(self.hostname, hostname)
            if common is not None:
                self._wanted[common] += 1
        return hostnames

    def _remove(self, id_: RouteId, rules: RuleSet) -> set[str]:
        hostnames = set(hostnames_of(rules.route))
        for hostname in hostnames:
            del self._by_hostname[hostname][id_]
            if not self._by_hostname[hostname]:
                del self._by_hostname[hostname]
            common = intersection(self.hostname, hostname)
            if common is not None:
                self._wanted[common] -= 1
                if not self._wanted[common]:
                    del self._wanted[common]
        return hostnames

    def _affected(self, hostnames: set[str]) -> set[str]:
        """The domains that these hostnames cover, and those that they made or were the last to want."""
        common = {intersection(self.hostname, hostname) for hostname in hostnames} - {None}
        patterns = [hostname for hostname in hostnames if hostname == EVERY or hostname.startswith("*.")]
        covered = (each for each in self._wanted if any(covers(pattern, each) for pattern in patterns))
        return {each for each in common if each is not None} | (set(covered) if patterns else set())


def _identity(scope: HostScope | _ScopeMemo) -> tuple[str, Entrance, frozenset[str]]:
    return scope.hostname, scope.entrance, scope.neighbours


def _elsewhere(scopes: Sequence[HostScope]) -> tuple[model.VirtualHost, ...]:
    """One host for all that is misdirected: of many listeners each has all others' hostnames."""
    own = {each.hostname for each in scopes}
    domains = sorted(frozenset[str]().union(*(each.neighbours for each in scopes)) - own, key=_most_specific_first)
    return (model.VirtualHost(ELSEWHERE, tuple(domains), (), elsewhere=True),) if domains else ()


def _most_specific_first(domain: str) -> tuple[int, int, str]:
    exact, characters = specificity(domain)
    return (-exact, -characters, domain)


def _owner(domain: str, hostnames: Collection[str]) -> str | None:
    """The hostname of the listener that requests to the domain belong to."""
    return next((each for each in coverers(domain) if each in hostnames), None)
