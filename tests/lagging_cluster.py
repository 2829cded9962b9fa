"""A cluster whose watches are late, as watches of a busy API server are."""

import asyncio
import random
from collections.abc import AsyncIterator

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import WatchEvent
from gatelab.kinds.kind import Kind
from gatelab.store import Store


class LaggingCluster(EmbeddedCluster):
    """Delivers the events of each kind in order, each up to 30 ms late."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store)
        self._random = random.Random(seed)

    async def watch(
        self, kind: Kind, *, namespace: str | None = None, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[WatchEvent]:
        async for event in super().watch(kind, namespace=namespace, labels=labels, fields=fields):
            await asyncio.sleep(self._random.choice([0, 0.005, 0.03]))
            yield event
