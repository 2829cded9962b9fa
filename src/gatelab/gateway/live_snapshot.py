"""The snapshot of the mirrors, kept up to date: an object that changes is read again, and no other.

It is what `snapshot_of` makes of the mirrors' objects, but for resourceVersions: of an object that has changed in
nothing that is looked at (its status, say) the view stays the same one, so that memos can tell by identity what has
changed.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Generic, TypeVar

import msgspec

from gatelab.gateway.reference_grant import grants
from gatelab.gateway.snapshot import RouteId, Snapshot, V, read, referenced_secrets
from gatelab.kinds.builtin import (
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
)
from gatelab.kinds.core import Namespace, Secret, Service
from gatelab.kinds.gatewayapi import Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile import Mirror, Mirrors

N = TypeVar("N", Key, RouteId, str)


class LiveSnapshot:
    """`refresh` gives the present one: the same as before if nothing that matters has changed."""

    def __init__(self, mirrors: Mirrors) -> None:
        self._classes = _Followed(mirrors.of(GATEWAY_CLASS), GatewayClass, _name)
        self._gateways = _Followed(mirrors.of(GATEWAY), Gateway, _key)
        self._grpc_routes = _Followed(mirrors.of(GRPC_ROUTE), GRPCRoute, lambda key: RouteId("GRPCRoute", *key))
        self._http_routes = _Followed(mirrors.of(HTTP_ROUTE), HTTPRoute, lambda key: RouteId("HTTPRoute", *key))
        self._services = _Followed(mirrors.of(SERVICE), Service, _key)
        self._namespaces = _Followed(mirrors.of(NAMESPACE), Namespace, _name)
        self._grants = _Followed(mirrors.of(REFERENCE_GRANT), ReferenceGrant, _key)
        self._secrets = _Secrets(mirrors.of(SECRET))
        self._snapshot = Snapshot()

    def refresh(self) -> Snapshot:
        """Takes in what has changed. Without addresses, which are the data planes' matter."""
        routes = [self._grpc_routes.refresh(), self._http_routes.refresh()]
        others = [
            self._classes.refresh(),
            self._gateways.refresh(),
            self._services.refresh(),
            self._namespaces.refresh(),
        ]
        before = self._snapshot
        granted = grants(self._grants.views.values()) if self._grants.refresh() else before.grants
        secrets = self._secrets.refresh(referenced_secrets(self._gateways.views.values(), granted))
        if any((*routes, *others, secrets, granted is not before.grants)):
            self._snapshot = Snapshot(
                gateway_classes=self._classes.views,
                gateways=self._gateways.views,
                routes={**self._grpc_routes.views, **self._http_routes.views} if any(routes) else before.routes,
                services=self._services.views,
                secrets=self._secrets.views,
                namespaces=self._namespaces.views,
                grants=granted,
                problems=self._problems(),
            )
        return self._snapshot

    def _problems(self) -> tuple[str, ...]:
        return tuple(
            sorted(
                chain(
                    self._classes.problems.values(),
                    self._gateways.problems.values(),
                    self._grpc_routes.problems.values(),
                    self._http_routes.problems.values(),
                    self._services.problems.values(),
                    self._namespaces.problems.values(),
                    self._grants.problems.values(),
                    self._secrets.problems,
                )
            )
        )


class _Followed(Generic[V, N]):
    """The objects of a mirror as views, named by `name`. `views` is replaced by a change, never changed."""

    def __init__(self, mirror: Mirror, type_: type[V], name: Callable[[Key], N]) -> None:
        self.views: Mapping[N, V] = {}
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
        self.views = {name: view for name, view in {**self.views, **found}.items() if view is not None}
        return True


class _Secrets:
    """The Secrets that are referred to; no other is ever read."""

    def __init__(self, mirror: Mirror) -> None:
        self.views: Mapping[Key, Secret] = {}
        self.problems: tuple[str, ...] = ()
        self._mirror = mirror
        self._objects: Mapping[Key, Object | None] = {}

    def refresh(self, wanted: Iterable[Key]) -> bool:
        """Takes in what has changed of the wanted ones; whether anything has."""
        objects = {key: self._mirror.get(key) for key in wanted}
        if objects.keys() == self._objects.keys() and all(obj is self._objects[key] for key, obj in objects.items()):
            return False
        problems: list[str] = []
        self._objects = objects
        self.views = read(Secret, (obj for obj in objects.values() if obj is not None), problems)
        self.problems = tuple(problems)
        return True


def _is_same(before: V | None, now: V | None) -> bool:
    if before is None or now is None:
        return before is now
    metadata = msgspec.structs.replace(now.metadata, resource_version=before.metadata.resource_version)
    return before == msgspec.structs.replace(now, metadata=metadata)


def _key(key: Key) -> Key:
    return key


def _name(key: Key) -> str:
    return key.name
