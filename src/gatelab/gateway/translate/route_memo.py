"""Routes from one translation to the next: only those that changed are asked about, unless all may be concerned."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import is_

from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.translate import routes
from gatelab.gateway.translate.cross_serving import GivingWay
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.gateway.translate.parents import Parent, ParentId, Parents, parent_id
from gatelab.gateway.translate.routes import Candidate, Place, RouteOutcome
from gatelab.gateway.translate.rule_memo import RuleMemo
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.gateway.translate.targets import Attached
from gatelab.kinds.core import Namespace, Service
from gatelab.kinds.gatewayapi import Route
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap

_NO_ROUTES: Attached = PersistentMap()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A candidate, and all that it follows from, beside its rules."""

    candidate: Candidate | None
    route: Route
    parents: tuple[tuple[ParentId, Parent | None], ...]
    namespace: Namespace | None

    def is_current(self, route: Route, snapshot: Snapshot, parents: Parents) -> bool:
        return (
            self.route is route
            and self.namespace is snapshot.namespaces.get(route.metadata.namespace)
            and all(parents.get(id_) is parent for id_, parent in self.parents)
        )


class RouteMemo:
    """Asks `routes`; what it has kept changes nothing but the time that it takes."""

    def __init__(self) -> None:
        self._rules = RuleMemo()
        self._around: tuple[object, ...] = ()
        self._routes: PersistentMap[RouteId, Route] = PersistentMap()
        self._services: PersistentMap[Key, Service] = PersistentMap()
        self._seen: dict[RouteId, _Seen] = {}
        self._on_place: dict[Place, GivingWay] = {}
        self._outcomes: dict[RouteId, RouteOutcome] = {}
        self._told: PersistentMap[RouteId, tuple[ParentOutcome, ...]] = PersistentMap()
        self._attached: dict[Place, Attached] = {}

    def judged(self, snapshot: Snapshot, parents: Parents) -> PersistentMap[RouteId, tuple[ParentOutcome, ...]]:
        """What each route is told that names a parent of ours."""
        around = _around(snapshot, parents)
        is_same = len(around) == len(self._around) and all(map(is_, around, self._around))
        self._around = around
        asked, gone = self._concerned(snapshot, everything=not is_same)
        touched, places = self._take(snapshot, parents, asked, gone)
        before = self._opposed()
        self._refuse(parents, places if is_same else tuple(self._on_place), everything=not is_same)
        self._settle(touched | before | self._opposed())
        return self._told

    def by_listener(self) -> Mapping[Place, Attached]:
        """The rules of the routes that serve each listener, of what was judged last."""
        return dict(self._attached)

    def _concerned(self, snapshot: Snapshot, *, everything: bool) -> tuple[Collection[RouteId], Collection[RouteId]]:
        """The routes to be asked about, and those that have gone."""
        routes, services = PersistentMap.of(snapshot.routes), PersistentMap.of(snapshot.services)
        changed = routes.changes_since(self._routes)
        users = self._rules.users(services.changes_since(self._services)) - changed
        self._routes, self._services = routes, services
        gone = [id_ for id_ in changed if id_ not in routes and id_ in self._seen]
        if everything:
            return tuple(routes), gone
        return [id_ for each in (changed, users) for id_ in each if id_ in routes], gone

    def _take(
        self, snapshot: Snapshot, parents: Parents, asked: Iterable[RouteId], gone: Iterable[RouteId]
    ) -> tuple[set[RouteId], set[Place]]:
        """The routes that are another candidate now, or none, and the listeners that this concerns."""
        found = {id_: self._ask(id_, snapshot.routes[id_], snapshot, parents) for id_ in asked}
        changes = {id_: seen.candidate for id_, seen in found.items() if self._candidate(id_) is not seen.candidate}
        changes |= dict.fromkeys(gone)
        places: set[Place] = set()
        for id_, candidate in changes.items():
            before = self._candidate(id_)
            for place in before.places if before else ():
                self._on_place[place].take(id_)
                places.add(place)
            for place in candidate.places if candidate else ():
                self._on_place.setdefault(place, GivingWay()).put(id_, snapshot.routes[id_])
                places.add(place)
        self._seen.update(found)
        for id_ in gone:
            del self._seen[id_]
            self._rules.forget(id_)
        return set(changes), places

    def _candidate(self, id_: RouteId) -> Candidate | None:
        seen = self._seen.get(id_)
        return seen.candidate if seen is not None else None

    def _ask(self, id_: RouteId, route: Route, snapshot: Snapshot, parents: Parents) -> _Seen:
        seen = self._seen.get(id_)
        if seen is not None and seen.is_current(route, snapshot, parents) and self._has_its_rules(seen, snapshot):
            return seen
        named = {parent_id(reference, route) for reference in route.spec.parent_refs} - {None}
        return _Seen(
            routes.candidate(id_, route, snapshot, parents, self._rules),
            route,
            tuple((each, parents.get(each)) for each in named if each is not None),
            snapshot.namespaces.get(route.metadata.namespace),
        )

    def _has_its_rules(self, seen: _Seen, snapshot: Snapshot) -> bool:
        return seen.candidate is None or seen.candidate.rules is self._rules(seen.route, snapshot)

    def _refuse(self, parents: Parents, places: Iterable[Place], *, everything: bool) -> None:
        """Asks again, for these listeners, which routes must give way to one of another kind."""
        hostnames = {
            (parent.gateway.metadata.key, each.id): each.listener.hostname
            for parent in parents.values()
            for each in parent.listeners
        }
        for place in places:
            if self._on_place[place]:
                self._on_place[place].settle(hostnames[place], everything=everything)
            else:
                del self._on_place[place]

    def _opposed(self) -> set[RouteId]:
        return {id_ for each in self._on_place.values() for id_ in each.refused}

    def _settle(self, touched: Iterable[RouteId]) -> None:
        told: dict[RouteId, tuple[ParentOutcome, ...]] = {}
        serving: dict[Place, dict[RouteId, RuleSet | None]] = {}
        refused = {place: each.refused for place, each in self._on_place.items()}
        for id_ in touched:
            for place in _served(self._outcomes.pop(id_, None)):
                serving.setdefault(place, {})[id_] = None
            candidate = self._candidate(id_)
            if candidate is not None:
                self._outcomes[id_] = now = routes.outcome(id_, candidate, refused)
                told[id_] = now.parents
                for place in _served(now):
                    serving.setdefault(place, {})[id_] = now.rules
        self._told = self._told.after(told, touched)
        for place, changes in serving.items():
            rules = {id_: each for id_, each in changes.items() if each is not None}
            attached = self._attached.pop(place, _NO_ROUTES).after(rules, changes)
            if attached:
                self._attached[place] = attached


def _served(outcome: RouteOutcome | None) -> Iterator[Place]:
    """The listeners that the route is served on."""
    for gateway, listeners in outcome.listeners.items() if outcome is not None else ():
        yield from ((gateway, listener) for listener in listeners)


def _around(snapshot: Snapshot, parents: Parents) -> tuple[object, ...]:
    """What all routes may follow from, beside themselves and the Services that they name."""
    return (
        snapshot.grants,
        snapshot.backend_tls_policies,
        snapshot.config_maps,
        snapshot.namespaces,
        *(each for _, each in sorted(parents.items(), key=lambda item: str(item[0]))),
    )
