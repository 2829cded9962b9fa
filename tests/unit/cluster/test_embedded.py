"""What only the embedded adapter does: share objects, and start over when it fell behind."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Applied, Replaced, WatchEvent
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.store import Store


async def test_objects_are_shared(store: Store, make: Any) -> None:
    cluster = EmbeddedCluster(store)
    made = await cluster.create(CONFIG_MAP, make("a"))
    assert await cluster.get(CONFIG_MAP, Key("shop", "a")) is made
    assert (await cluster.list(CONFIG_MAP))[0] is made


async def test_falling_behind_starts_over(make: Any) -> None:
    store = Store(history_limit=5)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    cluster = EmbeddedCluster(store)
    async with aclosing(cast("AsyncGenerator[WatchEvent]", cluster.watch(CONFIG_MAP))) as events:
        assert await anext(events) == Replaced([])
        await cluster.create(CONFIG_MAP, make("first"))
        assert isinstance(await anext(events), Applied)
        for number in range(12):
            await cluster.create(CONFIG_MAP, make(f"a{number}"))
        event = await anext(events)
        assert isinstance(event, Replaced)
        assert len(event.objects) == 13
    await store.close()
