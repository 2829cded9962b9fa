"""The remote port on the lab's own API server, over a socket: what the node agent does all day."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from gatelab.apiserver import create_app, serve
from gatelab.cluster.port import Applied, Deleted, Replaced, WatchEvent
from gatelab.cluster.remote import RemoteCluster
from gatelab.kinds.builtin import NAMESPACE, POD, POD_METRICS
from gatelab.kinds.errors import Conflict, NotFound, Unavailable
from gatelab.kinds.objects import Key
from gatelab.store import Store

POD_KEY = Key("shop", "web")


def pod(name: str = "web", node: str = "gatelab") -> dict[str, Any]:
    container = {"name": "web", "image": "bittrance/hello-world:tonic-hello-grpc"}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 3},
    }


@asynccontextmanager
async def api_on(store: Store, port: int = 0) -> AsyncIterator[int]:
    """The API server; gone as soon as the context is."""
    chosen: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    app = create_app(store, token="sesame", hosts=frozenset({"127.0.0.1"}), logs=cast(Any, None))
    async with asyncio.TaskGroup() as tasks:
        server = tasks.create_task(serve(app, port=port, started=chosen.set_result))
        yield await chosen
        server.cancel()


async def stored_in(journal: Path) -> Store:
    store = Store.open(journal)
    if not store.list(NAMESPACE)[0]:
        await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    return store


def connected(folder: Path, port: int) -> RemoteCluster:
    path = folder / "kubeconfig"
    path.write_text(
        "current-context: lab\n"
        "contexts: [{name: lab, context: {cluster: lab, user: me}}]\n"
        f'clusters: [{{name: lab, cluster: {{server: "http://127.0.0.1:{port}"}}}}]\n'
        "users: [{name: me, user: {token: sesame}}]\n"
    )
    return RemoteCluster.connect(path)


def pods_of(cluster: RemoteCluster) -> "aclosing[AsyncGenerator[WatchEvent]]":
    return aclosing(cast("AsyncGenerator[WatchEvent]", cluster.watch(POD, fields="spec.nodeName=gatelab")))


async def test_the_life_of_a_pod_as_the_node_sees_it(tmp_path: Path) -> None:
    store = await stored_in(tmp_path / "journal.db")
    async with asyncio.timeout(20), api_on(store) as port, connected(tmp_path, port) as cluster:
        async with pods_of(cluster) as events:
            assert await anext(events) == Replaced([])
            await cluster.create(POD, pod())
            await cluster.create(POD, pod("elsewhere", "other"))
            event = await anext(events)
            assert isinstance(event, Applied)
            await cluster.patch(
                POD, POD_KEY, {"status": {"phase": "Running", "podIP": "127.21.1.1"}}, subresource="status"
            )
            event = await anext(events)
            assert isinstance(event, Applied)
            assert event.object["status"]["podIP"] == "127.21.1.1"
            await cluster.delete(POD, POD_KEY)
            event = await anext(events)
            assert isinstance(event, Applied)
            assert event.object["metadata"]["deletionGracePeriodSeconds"] == 3
            with pytest.raises(Conflict):
                await cluster.delete(POD, POD_KEY, uid="another", grace_period_s=0)
            await cluster.delete(POD, POD_KEY, uid=event.object["metadata"]["uid"], grace_period_s=0)
            event = await anext(events)
            assert isinstance(event, Deleted)
            assert event.object["metadata"]["name"] == "web"
        with pytest.raises(NotFound):
            await cluster.get(POD, POD_KEY)
        usage = {"containers": [], "timestamp": "2026-01-02T03:04:05Z", "window": "5s"}
        await cluster.create(POD_METRICS, {"metadata": {"name": "web", "namespace": "shop"}, **usage})
        assert len(await cluster.list(POD_METRICS)) == 1
    await store.close()


async def test_a_restarted_control_plane_is_found_again(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    store = await stored_in(journal)
    async with asyncio.timeout(20):
        async with api_on(store) as port:
            cluster = connected(tmp_path, port)
            events = cast("AsyncGenerator[WatchEvent]", cluster.watch(POD))
            assert await anext(events) == Replaced([])
            await cluster.create(POD, pod())
            assert isinstance(await anext(events), Applied)
        await store.close()
        with pytest.raises(Unavailable):
            await cluster.get(POD, POD_KEY)
        again = await stored_in(journal)
        async with api_on(again, port):
            await again.create(POD, pod("next"))
            event = await anext(events)
            assert isinstance(event, Applied)
            assert event.object["metadata"]["name"] == "next"
            await events.aclose()
            await cluster.close()
        await again.close()


async def test_what_it_writes_is_owned_by_gatelab(tmp_path: Path) -> None:
    store = await stored_in(tmp_path / "journal")
    async with api_on(store) as port, connected(tmp_path, port) as cluster:
        await cluster.create(POD, pod())
        patched = await cluster.patch(POD, POD_KEY, {"status": {"phase": "Running"}}, subresource="status")
    owners = [(each["manager"], each.get("subresource")) for each in patched["metadata"]["managedFields"]]
    assert owners == [("gatelab", None), ("gatelab", "status")]
    await store.close()
