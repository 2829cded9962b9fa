"""The ConfigMaps and Secrets that pods have mounted, watched from the first such pod on."""

import asyncio
from collections.abc import Callable

from gatelab.cluster.port import Applied, Cluster, Deleted, Replaced
from gatelab.kinds.builtin import CONFIG_MAP, SECRET
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of

Source = tuple[str, Key]
"""("ConfigMap" | "Secret", its key)."""
OnChange = Callable[[Source, Object | None], None]
_KINDS: dict[str, Kind] = {"ConfigMap": CONFIG_MAP, "Secret": SECRET}


class Sources:
    """One watch per kind for the whole node; nothing is watched while no pod needs it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._listeners: dict[object, tuple[frozenset[Source], OnChange]] = {}
        self._wanted = {kind: asyncio.Event() for kind in _KINDS}

    async def get(self, source: Source) -> Object | None:
        """The object as it is now; None when there is none. Raises ApiError."""
        kind, key = source
        try:
            return await self._cluster.get(_KINDS[kind], key)
        except NotFound:
            return None

    def listen(self, sources: frozenset[Source], on_change: OnChange) -> Callable[[], None]:
        """Tells of every change of one of `sources`, until the function that it returns is called."""
        token = object()
        self._listeners[token] = (sources, on_change)
        for kind, _ in sources:
            self._wanted[kind].set()
        return lambda: self._forget(token)

    def _forget(self, token: object) -> None:
        self._listeners.pop(token, None)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind in _KINDS:
                tasks.create_task(self._follow(kind))

    async def _follow(self, kind: str) -> None:
        await self._wanted[kind].wait()
        async for event in self._cluster.watch(_KINDS[kind]):
            match event:
                case Replaced(objects):
                    present = {(kind, key_of(each)): each for each in objects}
                    for source in {each for sources, _ in self._listeners.values() for each in sources}:
                        if source[0] == kind:
                            self._tell(source, present.get(source))
                case Applied(obj):
                    self._tell((kind, key_of(obj)), obj)
                case Deleted(obj):
                    self._tell((kind, key_of(obj)), None)

    def _tell(self, source: Source, obj: Object | None) -> None:
        for sources, on_change in list(self._listeners.values()):
            if source in sources:
                on_change(source, obj)
