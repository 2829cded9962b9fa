"""The backends of a Gateway: what the routes of its listeners lead to, whether or not precedence or isolation leaves
them any request. Only what a route that has come, gone or changed leads to is looked at.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate import backend_tls
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.persistent import PersistentMap, Row, Union
from gatelab.proxy import model

Attached = PersistentMap[RouteId, RuleSet]
"""The rules of the routes that are attached to a listener."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Which Service port stands behind each backend's name; `with_tls` are those that are spoken to with TLS."""

    by_name: PersistentMap[str, ServicePortName]
    with_tls: PersistentMap[str, ServicePortName]


@dataclass(frozen=True, slots=True)
class Backends:
    """All targets, those of each listener by its id, and the backends by name."""

    targets: Targets
    of_listeners: Mapping[str, Targets]
    backends: tuple[model.Backend, ...]


class BackendsMemo:
    """The backends of a Gateway from one state to the next."""

    def __init__(self) -> None:
        self._listeners: dict[str, _OfListener] = {}
        self._all: Union[str, ServicePortName] = Union()
        self._with_tls: Union[str, ServicePortName] = Union()
        self._targets: PersistentMap[str, ServicePortName] = PersistentMap()
        self._row: Row[str, model.Backend] = Row(str)
        self._identity: model.Certificate | None = None

    def of(self, attached: Mapping[str, Attached], identity: model.Certificate | None) -> Backends:
        """`attached` are the routes of each listener by its id; `identity` is the certificate that is shown."""
        self._listeners = {id_: self._listeners.get(id_) or _OfListener() for id_ in attached}
        found = {id_: self._listeners[id_].targets(routes) for id_, routes in attached.items()}
        targets = self._all.of(each.by_name for each in found.values())
        with_tls = self._with_tls.of(each.with_tls for each in found.values())
        is_shown = identity == self._identity
        for name in targets.changes_since(self._targets) if is_shown else targets.keys() | self._targets.keys():
            target = targets.get(name)
            if target is None:
                self._row.take(name)
            else:
                self._row.put(name, backend_tls.backend(name, target, identity))
        self._targets, self._identity = targets, identity
        return Backends(Targets(targets, with_tls), found, self._row.items)


class _OfListener:
    def __init__(self) -> None:
        self._routes: Attached = PersistentMap()
        self._users: Counter[str] = Counter()
        self._found = Targets(PersistentMap(), PersistentMap())

    def targets(self, routes: Attached) -> Targets:
        put: dict[str, ServicePortName] = {}
        touched: set[str] = set()
        for id_ in routes.changes_since(self._routes):
            before, now = _targets(self._routes.get(id_)), _targets(routes.get(id_))
            self._users.subtract(before.keys())
            self._users.update(now.keys())
            touched |= before.keys() | now.keys()
            put |= now
        gone = {name for name in touched if not self._users[name]}
        for name in gone:
            del self._users[name]
        known = self._found.by_name
        put = {name: target for name, target in put.items() if name not in gone and known.get(name) != target}
        with_tls = {name: target for name, target in put.items() if target.tls is not None}
        self._routes = routes
        self._found = Targets(known.after(put, gone), self._found.with_tls.after(with_tls, gone | put.keys()))
        return self._found


def _targets(rules: RuleSet | None) -> dict[str, ServicePortName]:
    found: dict[str, ServicePortName] = {}
    for rule in rules.rules if rules is not None else ():
        found.update(rule.destination.targets)
    return found
