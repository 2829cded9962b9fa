"""Routes from one translation to the next: only those that changed are asked about, unless all may be concerned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.translate import routes
from gatelab.gateway.translate.parents import Parent, ParentId, Parents, parent_id
from gatelab.gateway.translate.routes import Candidate, Place, RouteOutcome
from gatelab.gateway.translate.rule_memo import RuleMemo
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.kinds.core import Namespace
from gatelab.kinds.gatewayapi import Route


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
        self._seen: dict[RouteId, _Seen] = {}
        self._on_place: dict[Place, dict[RouteId, Route]] = {}
        self._refusals: dict[Place, Mapping[RouteId, RouteId]] = {}
        self._outcomes: Mapping[RouteId, RouteOutcome] = {}
        self._attached: dict[Place, dict[RouteId, RuleSet]] = {}
        self._by_listener: dict[Place, Sequence[RuleSet]] = {}

    def judged(self, snapshot: Snapshot, parents: Parents) -> Mapping[RouteId, RouteOutcome]:
        """An outcome for each route that names a parent of ours."""
        around = _around(snapshot, parents)
        is_same = len(around) == len(self._around) and all(map(_is, around, self._around))
        self._around = around
        touched, places = self._take(snapshot, parents, everything=not is_same)
        before = _opposed(self._refusals)
        self._refuse(parents, places if is_same else self._on_place.keys())
        return self._settle(touched | before | _opposed(self._refusals))

    def by_listener(self) -> Mapping[Place, Sequence[RuleSet]]:
        """The rules of the routes that serve each listener, of what was judged last.

        A listener whose routes are as they were has the same ones.
        """
        for place, rules in self._attached.items():
            if place not in self._by_listener:
                self._by_listener[place] = tuple(rules.values())
        return dict(self._by_listener)

    def _take(self, snapshot: Snapshot, parents: Parents, *, everything: bool) -> tuple[set[RouteId], set[Place]]:
        """The routes that are another candidate now, or none, and the listeners that this concerns."""
        asked = [
            id_
            for id_, route in snapshot.routes.items()
            if everything or (seen := self._seen.get(id_)) is None or seen.route is not route
        ]
        found = {id_: self._ask(id_, snapshot.routes[id_], snapshot, parents) for id_ in asked}
        changes = {id_: seen.candidate for id_, seen in found.items() if self._candidate(id_) is not seen.candidate}
        changes |= dict.fromkeys(self._seen.keys() - snapshot.routes.keys())
        places: set[Place] = set()
        for id_, candidate in changes.items():
            before = self._candidate(id_)
            for place in before.places if before else ():
                del self._on_place[place][id_]
                places.add(place)
            for place in candidate.places if candidate else ():
                self._on_place.setdefault(place, {})[id_] = snapshot.routes[id_]
                places.add(place)
        self._seen.update(found)
        for id_ in changes.keys() - snapshot.routes.keys():
            del self._seen[id_]
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

    def _refuse(self, parents: Parents, places: Iterable[Place]) -> None:
        """Asks again, for these listeners, which routes must give way."""
        on_listener = {place: list(self._on_place[place].values()) for place in places if self._on_place[place]}
        for place in [place for place, rest in self._on_place.items() if not rest]:
            del self._on_place[place]
            self._refusals.pop(place, None)
        self._refusals.update(routes.refusals(on_listener, parents))

    def _settle(self, touched: Iterable[RouteId]) -> Mapping[RouteId, RouteOutcome]:
        outcomes = dict(self._outcomes)
        for id_ in sorted(touched):
            self._detach(id_, outcomes.pop(id_, None))
            candidate = self._candidate(id_)
            if candidate is not None:
                outcomes[id_] = now = routes.outcome(id_, candidate, self._refusals)
                for gateway, listeners in now.listeners.items():
                    for listener in listeners:
                        self._attached.setdefault((gateway, listener), {})[id_] = now.rules
                        self._by_listener.pop((gateway, listener), None)
        self._outcomes = outcomes
        return outcomes

    def _detach(self, id_: RouteId, outcome: RouteOutcome | None) -> None:
        for gateway, listeners in outcome.listeners.items() if outcome is not None else ():
            for place in ((gateway, listener) for listener in listeners):
                self._by_listener.pop(place, None)
                del self._attached[place][id_]
                if not self._attached[place]:
                    del self._attached[place]


def _around(snapshot: Snapshot, parents: Parents) -> tuple[object, ...]:
    """What all routes may follow from, beside themselves."""
    return (
        snapshot.services,
        snapshot.grants,
        snapshot.backend_tls_policies,
        snapshot.config_maps,
        snapshot.namespaces,
        *(each for _, each in sorted(parents.items(), key=lambda item: str(item[0]))),
    )


def _is(one: object, other: object) -> bool:
    return one is other


def _opposed(refusals: Mapping[Place, Mapping[RouteId, RouteId]]) -> set[RouteId]:
    return {id_ for refused in refusals.values() for id_ in refused}
