"""The snapshot of the mirrors, kept up to date: an object that changes is read again, and no other.

It is what `snapshot_of` makes of the mirrors' objects, but for resourceVersions: of an object that has changed in
nothing that is looked at (its status, say) the view stays the same one, so that memos can tell by identity what has
changed.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Generic, Protocol, TypeVar

import msgspec

from gatelab.gateway.snapshot import referenced
from gatelab.gateway.snapshot.reference_grant import grants
from gatelab.gateway.snapshot.snapshot import ROUTES, RouteId, Snapshot, V, read
from gatelab.kinds.builtin import (
    BACKEND_TLS_POLICY,
    CONFIG_MAP,
    GATEWAY,
    GATEWAY_CLASS,
    LISTENER_SET,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
)
from gatelab.kinds.core import ConfigMap, Namespace, Secret, Service
from gatelab.kinds.gatewayapi import BackendTLSPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant, Route
from gatelab.kinds.objects import Key, Object
from gatelab.persistent import PersistentMap, Union
from gatelab.reconcile import Mirror, Mirrors

N = TypeVar("N", Key, RouteId, str)


class LiveSnapshot:
    """`refresh` gives the present one: the same as before if nothing that matters has changed."""

    def __init__(self, mirrors: Mirrors) -> None:
        self._classes = _Followed(mirrors.of(GATEWAY_CLASS), GatewayClass, _name)
        self._gateways = _Followed(mirrors.of(GATEWAY), Gateway, _key)
        self._listener_sets = _Followed(mirrors.of(LISTENER_SET), ListenerSet, _key)
        self._routes = [
            _Followed[Route, RouteId](mirrors.of(kind), type_, functools.partial(_route_id, kind.name))
            for kind, type_ in ROUTES.items()
        ]
        self._all_routes: Union[RouteId, Route] = Union()
        self._policies = _Followed(mirrors.of(BACKEND_TLS_POLICY), BackendTLSPolicy, _key)
        self._services = _Followed(mirrors.of(SERVICE), Service, _key)
        self._namespaces = _Followed(mirrors.of(NAMESPACE), Namespace, _name)
        self._grants = _Followed(mirrors.of(REFERENCE_GRANT), ReferenceGrant, _key)
        self._secrets = _Referenced(mirrors.of(SECRET), Secret)
        self._config_maps = _Referenced(mirrors.of(CONFIG_MAP), ConfigMap)
        self._snapshot = Snapshot()

    def refresh(self) -> Snapshot:
        """Takes in what has changed. Without addresses, which are the data planes' matter."""
        routes = [each.refresh() for each in self._routes]
        others = [
            self._classes.refresh(),
            self._gateways.refresh(),
            self._listener_sets.refresh(),
            self._policies.refresh(),
            self._services.refresh(),
            self._namespaces.refresh(),
        ]
        before = self._snapshot
        granted = grants(self._grants.views.values()) if self._grants.refresh() else before.grants
        gateways, listener_sets = self._gateways.views.values(), self._listener_sets.views.values()
        classes, policies = self._classes.views.values(), self._policies.views.values()
        others.append(self._secrets.refresh(referenced.secrets(gateways, listener_sets, granted)))
        others.append(self._config_maps.refresh(referenced.config_maps(classes, gateways, policies, granted)))
        if any((*routes, *others, granted is not before.grants)):
            self._snapshot = Snapshot(
                gateway_classes=self._classes.views,
                gateways=self._gateways.views,
                routes=self._all_routes.of(each.views for each in self._routes),
                services=self._services.views,
                listener_sets=self._listener_sets.views,
                backend_tls_policies=self._policies.views,
                secrets=self._secrets.views,
                config_maps=self._config_maps.views,
                namespaces=self._namespaces.views,
                grants=granted,
                problems=self._problems(),
            )
        return self._snapshot

    def _problems(self) -> tuple[str, ...]:
        followed: tuple[_Problematic, ...] = (
            self._classes,
            self._gateways,
            self._listener_sets,
            *self._routes,
            self._policies,
            self._services,
            self._namespaces,
            self._grants,
        )
        of_all = chain.from_iterable(each.problems.values() for each in followed)
        return tuple(sorted((*of_all, *self._secrets.problems, *self._config_maps.problems)))


class _Problematic(Protocol):
    problems: Mapping[Key, str]


class _Followed(Generic[V, N]):
    """The objects of a mirror as views, named by `name`."""

    def __init__(self, mirror: Mirror, type_: type[V], name: Callable[[Key], N]) -> None:
        self.views: PersistentMap[N, V] = PersistentMap()
        self.problems: Mapping[Key, str] = {}
        self._mirror = mirror
        self._changes = mirror.follow()
        self._type = type_
        self._name: Callable[[Key], N] = name

    def refresh(self) -> bool:
        """Takes in what has changed; whether anything of it matters."""
        changed = self._changes.take()
        if not changed:
            return False
        found: dict[N, V | None] = {}
        problems = {key: problem for key, problem in self.problems.items() if key not in changed}
        for key in changed:
            name, faults = self._name(key), list[str]()
            obj = self._mirror.get(key)
            view = read(self._type, (obj,), faults).get(key) if obj is not None else None
            problems.update((key, fault) for fault in faults)
            if not _is_same(self.views.get(name), view):
                found[name] = view
        if not found and problems == self.problems:
            return False
        self.problems = problems
        self.views = self.views.after({name: view for name, view in found.items() if view is not None}, found)
        return True


class _Referenced(Generic[V]):
    """The objects that are referred to; no other is ever read."""

    def __init__(self, mirror: Mirror, type_: type[V]) -> None:
        self.views: Mapping[Key, V] = {}
        self.problems: tuple[str, ...] = ()
        self._mirror = mirror
        self._type = type_
        self._objects: Mapping[Key, Object | None] = {}

    def refresh(self, wanted: Iterable[Key]) -> bool:
        """Takes in what has changed of the wanted ones; whether anything has."""
        objects = {key: self._mirror.get(key) for key in wanted}
        if objects.keys() == self._objects.keys() and all(obj is self._objects[key] for key, obj in objects.items()):
            return False
        problems: list[str] = []
        self._objects = objects
        self.views = read(self._type, (obj for obj in objects.values() if obj is not None), problems)
        self.problems = tuple(problems)
        return True


def _is_same(before: V | None, now: V | None) -> bool:
    if before is None or now is None:
        return before is now
    metadata = msgspec.structs.replace(now.metadata, resource_version=before.metadata.resource_version)
    return before == msgspec.structs.replace(now, metadata=metadata)


def _key(key: Key) -> Key:
    return key


def _route_id(kind: str, key: Key) -> RouteId:
    return RouteId(kind, *key)


def _name(key: Key) -> str:
    return key.name
