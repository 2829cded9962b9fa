"""The port on the store in the same process. Objects are handed over as they are, without a copy."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

from gatelab.cluster.port import Applied, Deleted, Propagation, Replaced, Subresource, WatchEvent
from gatelab.kinds.errors import Expired
from gatelab.kinds.kind import Kind
from gatelab.kinds.merge_patch import merge_patched
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.selectors import LabelSelector, from_query
from gatelab.store import Store

_log = logging.getLogger(__name__)


class EmbeddedCluster:
    """`cluster.port.Cluster` for controllers that live with the store.

    What it is given goes into the store as it is: controllers write complete objects, as no API server gives them
    their defaults or validates them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        selector = _selector(labels)
        while True:
            objects, version = self._store.list(kind, namespace=namespace, selector=selector, fields=fields)
            yield Replaced([each.object for each in objects])
            watch = self._store.watch(kind, since=version, namespace=namespace, selector=selector, fields=fields)
            try:
                async for type_, stored in watch:
                    yield Deleted(stored.object) if type_ == "DELETED" else Applied(stored.object)
            except Expired:
                _log.warning("the watch of %s fell behind and starts over", kind)
            else:
                return

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Sequence[Object]:
        found, _ = self._store.list(kind, namespace=namespace, selector=_selector(labels), fields=fields)
        return [each.object for each in found]

    async def get(self, kind: Kind, key: Key) -> Object:
        return self._store.get(kind, key).object

    async def create(self, kind: Kind, obj: Object) -> Object:
        return (await self._store.create(kind, obj)).object

    async def update(self, kind: Kind, obj: Object, *, subresource: Subresource | None = None) -> Object:
        return (await self._store.update(kind, obj, subresource=subresource)).object

    async def patch(
        self, kind: Kind, key: Key, patch: dict[str, Any], *, subresource: Subresource | None = None
    ) -> Object:
        stored = await self._store.modify(kind, key, lambda obj: merge_patched(obj, patch), subresource=subresource)
        return stored.object

    async def delete(
        self,
        kind: Kind,
        key: Key,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        await self._store.delete(kind, key, uid=uid, grace_period_s=grace_period_s, propagation=propagation)


def _selector(labels: str | None) -> LabelSelector | None:
    return from_query(labels) if labels else None
