"""What the port promises, on both of its adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Applied, Cluster, Deleted, Replaced, WatchEvent
from gatelab.cluster.remote import RemoteCluster
from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD
from gatelab.kinds.errors import AlreadyExists, Conflict, NotFound
from gatelab.kinds.objects import Key
from gatelab.store import Store

A = Key("shop", "a")


@pytest.fixture(params=["embedded", "remote"])
async def cluster(request: pytest.FixtureRequest, store: Store, kubeconfig: Path) -> AsyncIterator[Cluster]:
    if request.param == "embedded":
        yield EmbeddedCluster(store)
        return
    async with RemoteCluster.connect(kubeconfig) as remote:
        yield remote


async def test_create_get_list(cluster: Cluster, make: Any) -> None:
    made = await cluster.create(CONFIG_MAP, make("a", labels={"app": "x"}))
    assert await cluster.get(CONFIG_MAP, A) == made
    for name in ("c", "b", "d", "e"):
        await cluster.create(CONFIG_MAP, make(name))
    assert [each["metadata"]["name"] for each in await cluster.list(CONFIG_MAP)] == ["a", "b", "c", "d", "e"]
    assert [each["metadata"]["name"] for each in await cluster.list(CONFIG_MAP, labels="app=x")] == ["a"]
    assert {each["kind"] for each in await cluster.list(CONFIG_MAP)} == {"ConfigMap"}
    assert [each["metadata"]["name"] for each in await cluster.list(NAMESPACE)] == ["shop"]
    with pytest.raises(AlreadyExists):
        await cluster.create(CONFIG_MAP, make("a"))


async def test_update_and_patch(cluster: Cluster, make: Any) -> None:
    made = await cluster.create(DEPLOYMENT, make("a", spec={"replicas": 1, "paused": True}))
    changed = await cluster.update(DEPLOYMENT, {**made, "spec": {"replicas": 2}})
    assert changed["metadata"]["generation"] == 2
    with pytest.raises(Conflict):
        await cluster.update(DEPLOYMENT, made)
    patched = await cluster.patch(DEPLOYMENT, A, {"status": {"x": 1}}, subresource="status")
    assert patched["status"] == {"x": 1}
    patched = await cluster.patch(DEPLOYMENT, A, {"spec": {"replicas": None, "template": {"a": 1}}})
    assert patched["spec"] == {"template": {"a": 1}}
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {}}
    with pytest.raises(Conflict):
        await cluster.patch(DEPLOYMENT, A, stale)


async def test_delete(cluster: Cluster, make: Any) -> None:
    await cluster.create(POD, make("a", spec={"nodeName": "gatelab"}))
    with pytest.raises(Conflict):
        await cluster.delete(POD, A, uid="other")
    await cluster.delete(POD, A)
    marked = await cluster.get(POD, A)
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    await cluster.delete(POD, A, uid=marked["metadata"]["uid"], grace_period_s=0)
    with pytest.raises(NotFound, match='pods "a" not found'):
        await cluster.get(POD, A)
    with pytest.raises(NotFound):
        await cluster.delete(POD, A)


def names(event: WatchEvent) -> tuple[str, ...]:
    if isinstance(event, Replaced):
        return ("Replaced", *(each["metadata"]["name"] for each in event.objects))
    return (type(event).__name__, event.object["metadata"]["name"])


async def test_watch_begins_with_everything(cluster: Cluster, make: Any) -> None:
    await cluster.create(CONFIG_MAP, make("a"))
    async with asyncio.timeout(30), aclosing(cluster.watch(CONFIG_MAP)) as events:  # type: ignore[type-var]
        assert names(await anext(events)) == ("Replaced", "a")
        await cluster.create(CONFIG_MAP, make("b"))
        assert names(await anext(events)) == ("Applied", "b")
        await cluster.patch(CONFIG_MAP, A, {"data": {"line": "one two"}})
        event = await anext(events)
        assert isinstance(event, Applied)
        assert event.object["data"] == {"line": "one two"}
        await cluster.delete(CONFIG_MAP, A)
        event = await anext(events)
        assert isinstance(event, Deleted)
        assert event.object["metadata"]["name"] == "a"
