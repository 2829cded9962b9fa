"""A cluster in memory: just enough of the port to run controllers on, with a hand on what fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from gatelab.cluster.port import Applied, Deleted, Propagation, Replaced, Subresource, WatchEvent
from gatelab.kinds.errors import AlreadyExists, ApiError, Conflict, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of


class FakeCluster:
    """A `Cluster`. `end_watches` makes every watch end; `refuse` is raised by the next write."""

    def __init__(self) -> None:
        self.objects: dict[Kind, dict[Key, Object]] = {}
        self.version = 0
        self.refuse: ApiError | None = None
        self.watches_started = 0
        self.watch_failures: list[Exception] = []
        self._watchers: list[tuple[Kind, asyncio.Queue[WatchEvent | None]]] = []

    async def watch(
        self, kind: Kind, *, namespace: str | None = None, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[WatchEvent]:
        self.watches_started += 1
        if self.watch_failures:
            raise self.watch_failures.pop()
        events: asyncio.Queue[WatchEvent | None] = asyncio.Queue()
        self._watchers.append((kind, events))
        yield Replaced(list(self.objects.get(kind, {}).values()))
        while (event := await events.get()) is not None:
            yield event

    def end_watches(self) -> None:
        for _, events in self._watchers:
            events.put_nowait(None)
        self._watchers.clear()

    async def list(
        self, kind: Kind, *, namespace: str | None = None, labels: str | None = None, fields: str | None = None
    ) -> Sequence[Object]:
        return list(self.objects.get(kind, {}).values())

    async def get(self, kind: Kind, key: Key) -> Object:
        try:
            return self.objects.get(kind, {})[key]
        except KeyError:
            raise NotFound(f'{kind.plural} "{key.name}" not found') from None

    async def create(self, kind: Kind, obj: Object) -> Object:
        if key_of(obj) in self.objects.get(kind, {}):
            raise AlreadyExists(f'{kind.plural} "{key_of(obj).name}" already exists')
        return self._store(kind, obj)

    async def update(self, kind: Kind, obj: Object, *, subresource: Subresource | None = None) -> Object:
        await self._check(kind, key_of(obj), obj["metadata"].get("resourceVersion"))
        return self._store(kind, obj)

    async def patch(
        self, kind: Kind, key: Key, patch: dict[str, Any], *, subresource: Subresource | None = None
    ) -> Object:
        present = await self._check(kind, key, patch.get("metadata", {}).get("resourceVersion"))
        return self._store(kind, merge(present, patch))

    async def delete(
        self,
        kind: Kind,
        key: Key,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        gone = await self.get(kind, key)
        del self.objects[kind][key]
        self.version += 1
        self._tell(kind, Deleted(merge(gone, {"metadata": {"resourceVersion": str(self.version)}})))

    async def _check(self, kind: Kind, key: Key, version: str | None) -> Object:
        present = await self.get(kind, key)
        if version and version != present["metadata"]["resourceVersion"]:
            raise Conflict(f'the {kind.plural} "{key.name}" has been modified')
        return present

    def _store(self, kind: Kind, obj: Object) -> Object:
        if self.refuse is not None:
            refused, self.refuse = self.refuse, None
            raise refused
        self.version += 1
        uid = obj["metadata"].get("uid", f"uid-{self.version}")
        stored: Object = merge(obj, {"metadata": {"resourceVersion": str(self.version), "uid": uid}})
        self.objects.setdefault(kind, {})[key_of(stored)] = stored
        self._tell(kind, Applied(stored))
        return stored

    def _tell(self, kind: Kind, event: WatchEvent) -> None:
        for watched, events in self._watchers:
            if watched == kind:
                events.put_nowait(event)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386, as written there."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged
