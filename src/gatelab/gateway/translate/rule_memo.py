"""Rules of routes that have not changed are not translated again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatelab.gateway.snapshot import RouteId, Snapshot, referenced, route_id
from gatelab.gateway.snapshot.reference_grant import Grants
from gatelab.gateway.translate.routes import translated_rules
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.kinds.core import ConfigMap, Service
from gatelab.kinds.gatewayapi import BackendReference, BackendTLSPolicy, L4RouteRule, MirrorReference, Route
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class _Entry:
    """The rules, and all that they follow from. An object that has not changed is the same one (`LiveSnapshot`)."""

    rules: RuleSet
    services: tuple[tuple[Key, Service | None], ...]
    policies: tuple[tuple[Key, Sequence[BackendTLSPolicy]], ...]
    authorities: tuple[tuple[Key, ConfigMap | None], ...]
    grants: Grants

    def is_current(self, route: Route, snapshot: Snapshot) -> bool:
        return (
            self.rules.route is route
            and self.grants == snapshot.grants
            and all(snapshot.services.get(key) is service for key, service in self.services)
            and all(snapshot.policies_of.get(key, ()) == policies for key, policies in self.policies)
            and all(snapshot.config_maps.get(key) == config_map for key, config_map in self.authorities)
        )


class RuleMemo:
    """Does as `translated_rules` does, and gives the same answer to the same question."""

    def __init__(self) -> None:
        self._entries: dict[RouteId, _Entry] = {}
        self._users: dict[Key, set[RouteId]] = {}

    def __call__(self, route: Route, snapshot: Snapshot) -> RuleSet:
        """What the rules of the route come to."""
        id_ = route_id(route)
        entry = self._entries.get(id_)
        if entry is None or not entry.is_current(route, snapshot):
            self.forget(id_)
            entry = self._entries[id_] = _entry(route, snapshot)
            for service, _ in entry.services:
                self._users.setdefault(service, set()).add(id_)
        return entry.rules

    def users(self, services: Iterable[Key]) -> set[RouteId]:
        """The routes whose rules follow from one of these Services."""
        return set[RouteId]().union(*(self._users.get(each, ()) for each in services))

    def forget(self, id_: RouteId) -> None:
        """A route that has gone."""
        entry = self._entries.pop(id_, None)
        for service, _ in entry.services if entry is not None else ():
            self._users[service].discard(id_)
            if not self._users[service]:
                del self._users[service]


def _entry(route: Route, snapshot: Snapshot) -> _Entry:
    named = sorted(_named(route))
    policies = tuple((key, snapshot.policies_of.get(key, ())) for key in named)
    bundles = {key for _, each in policies for key in referenced.config_maps((), (), each, snapshot.grants)}
    return _Entry(
        rules=translated_rules(route, snapshot),
        services=tuple((key, snapshot.services.get(key)) for key in named),
        policies=policies,
        authorities=tuple((key, snapshot.config_maps.get(key)) for key in sorted(bundles)),
        grants=snapshot.grants,
    )


def _named(route: Route) -> set[Key]:
    """The Services that the route may name, whatever the kinds of its references."""
    references: list[BackendReference | MirrorReference] = []
    for rule in route.spec.rules:
        references.extend(rule.backend_refs)
        if not isinstance(rule, L4RouteRule):
            mirrors = (each.request_mirror for each in rule.filters)
            references.extend(each.backend_ref for each in mirrors if each is not None)
    return {Key(each.namespace or route.metadata.namespace, each.name) for each in references}
