"""What only the remote adapter does: requests on the wire, credentials, and living through a server that goes away."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from gatelab.cluster import remote_watch
from gatelab.cluster.port import Applied, Replaced, WatchEvent
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.cluster.remote_watch import Backoff
from gatelab.kinds.builtin import CLUSTER_ISSUER, CONFIG_MAP, DEPLOYMENT, NAMESPACE
from gatelab.kinds.errors import ApiError, InternalError, Unauthorized, Unavailable
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.store import Store

A = Key("shop", "a")


@pytest.fixture
async def remote(kubeconfig: Path) -> AsyncIterator[RemoteCluster]:
    async with RemoteCluster.connect(kubeconfig) as remote:
        yield remote


def events_of(remote: RemoteCluster, kind: Kind = CONFIG_MAP) -> "aclosing[AsyncGenerator[WatchEvent]]":
    return aclosing(cast("AsyncGenerator[WatchEvent]", remote.watch(kind)))


def sent(api: Any) -> list[tuple[str, str]]:
    return [(method, path) for method, path, _, _ in api.requests]


async def test_paths_and_bodies(remote: RemoteCluster, api: Any, make: Any) -> None:
    await remote.create(DEPLOYMENT, make("a"))
    await remote.patch(DEPLOYMENT, A, {"status": {"x": 1}}, subresource="status")
    await remote.create(CLUSTER_ISSUER, {"metadata": {"name": "ca"}})
    await remote.delete(DEPLOYMENT, A, uid=None, grace_period_s=3, propagation="Foreground")
    assert sent(api) == [
        ("POST", "/apis/apps/v1/namespaces/shop/deployments"),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/a/status"),
        ("POST", "/apis/cert-manager.io/v1/clusterissuers"),
        ("DELETE", "/apis/apps/v1/namespaces/shop/deployments/a"),
    ]
    assert (api.requests[0][3]["apiVersion"], api.requests[0][3]["kind"]) == ("apps/v1", "Deployment")
    assert api.requests[3][3]["gracePeriodSeconds"] == 3
    assert api.requests[3][3]["propagationPolicy"] == "Foreground"


async def test_nobody_there_is_unavailable(remote: RemoteCluster, api: Any) -> None:
    await api.stop()
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:"):
        await remote.get(CONFIG_MAP, A)
    await api.start()


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\nbusy", Unavailable, "HTTP 503: busy"),
        (b"HTTP/1.1 429 X\r\ncontent-length: 0\r\n\r\n", Unavailable, "HTTP 429"),
        (b"HTTP/1.1 418 X\r\ncontent-length: 3\r\n\r\ntea", InternalError, "HTTP 418: tea"),
        (b"HTTP/1.1 200 X\r\ncontent-length: 6\r\n\r\n<html>", Unavailable, "not JSON"),
    ],
)
async def test_answers_of_others(
    remote: RemoteCluster, api: Any, answer: bytes, error: type[Exception], message: str
) -> None:
    api.raw_answers.append(answer)
    with pytest.raises(error, match=message):
        await remote.get(CONFIG_MAP, A)


async def test_a_wrong_token_is_unauthorized(kubeconfig: Path, tmp_path: Path) -> None:
    other = await asyncio.to_thread(lambda: kubeconfig.read_text().replace("sesame", "wrong"))
    path = tmp_path / "other"
    await asyncio.to_thread(path.write_text, other)
    async with RemoteCluster.connect(path) as remote:
        with pytest.raises(Unauthorized):
            await remote.get(CONFIG_MAP, A)


async def test_a_watch_resumes_where_it_was(remote: RemoteCluster, api: Any, store: Store, make: Any) -> None:
    async with asyncio.timeout(30), events_of(remote) as events:
        assert isinstance(await anext(events), Replaced)
        await store.create(CONFIG_MAP, make("a"))
        assert isinstance(await anext(events), Applied)
        await api.stop()
        await store.create(CONFIG_MAP, make("b"))
        await api.start()
        event = await anext(events)
        assert isinstance(event, Applied)
        assert event.object["metadata"]["name"] == "b"
    assert [query.get("watch") for _, _, query, _ in api.requests].count(None) == 1


async def test_a_watch_is_live_soon_after_the_server_is_back(
    remote: RemoteCluster, api: Any, make: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "gatelab")
    monkeypatch.setattr(remote_watch, "_LONG_PAUSE_S", 60.0)  # the one that it must not take
    async with asyncio.timeout(40), events_of(remote) as events, asyncio.TaskGroup() as tasks:
        await anext(events)
        await api.stop()
        again = tasks.create_task(anext(events))
        await asyncio.sleep(0.5)
        # Another life of the control plane, whose history does not reach back.
        api.store = Store.open(None)
        api.store._floor = api.store._published_version = api.store._last_version = 1000
        await api.start()
        await api.store.create(NAMESPACE, {"metadata": {"name": "shop"}})
        await api.store.create(CONFIG_MAP, make("new"))
        event = await again
        assert isinstance(event, Replaced)
        assert [each["metadata"]["name"] for each in event.objects] == ["new"]
        await api.store.close()
    messages = [record.message for record in caplog.records]
    assert [("cannot be reached" in each, "reached again" in each) for each in messages] == [
        (True, False),
        (False, True),
    ]


async def test_garbage_in_a_watch_is_survived(remote: RemoteCluster, api: Any, store: Store, make: Any) -> None:
    garbage = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<htm\n\r\n0\r\n\r\n"
    async with asyncio.timeout(30), events_of(remote) as events:
        assert isinstance(await anext(events), Replaced)
        api.raw_answers.append(garbage)
        await store.create(CONFIG_MAP, make("a"))
        assert isinstance(await anext(events), Applied)


async def test_a_kind_that_is_not_installed_has_no_objects_until_it_is(
    remote: RemoteCluster, api: Any, store: Store, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelab.cluster.remote_watch._LONG_PAUSE_S", 0.001)
    missing = b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n"
    await store.create(CONFIG_MAP, make("a"))
    api.raw_answers += [missing] * 2
    async with asyncio.timeout(30), events_of(remote) as events:
        states = [await anext(events), await anext(events)]
        assert [len(each.objects) for each in states if isinstance(each, Replaced)] == [0, 1]


async def test_a_refusal_is_said_once(
    remote: RemoteCluster, api: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelab.cluster.remote_watch._LONG_PAUSE_S", 0.001)
    api.raw_answers += [b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n"] * 3
    async with asyncio.timeout(30), events_of(remote) as events:
        assert await anext(events) == Replaced(())
        assert isinstance(await anext(events), Replaced)
    assert [record.message for record in caplog.records] == [
        "the watch of ConfigMap.v1 is refused, trying on: HTTP 404"
    ]


def test_pauses_are_short_at_first_and_grow_after_a_minute() -> None:
    now = 0.0
    backoff = Backoff(lambda: now)
    pauses = [backoff.next_pause_s() for _ in range(20)]
    assert pauses[0] <= 0.02
    assert 0.1 < max(pauses) <= 0.2
    now = 61.0
    assert 1.0 < backoff.next_pause_s() <= 2.0
    with backoff.connection():
        now = 70.0
    assert backoff.next_pause_s() <= 0.02


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found"),
        ("{", "kubeconfig"),
        ("clusters: []\ncontexts: []\n", "No current context"),
        ("current-context: a\nclusters: []\ncontexts: [{name: a, context: {cluster: b}}]\n", "missing 'b'"),
        ("- 1", "kubeconfig"),
    ],
)
def test_bad_kubeconfigs_are_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KubeconfigError, match=message) as refused:
        RemoteCluster.connect(path)
    assert str(path) in str(refused.value)


async def test_the_environment_names_the_kubeconfig(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Any
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{kubeconfig}")
    async with RemoteCluster.connect(None) as remote:
        assert remote.address == f"http://127.0.0.1:{api.port}"
        assert [each["metadata"]["name"] for each in await remote.list(NAMESPACE)] == ["shop"]


async def test_a_get_is_passed_on_to_a_pod(remote: RemoteCluster, api: Any) -> None:
    api.raw_answers = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup",
        b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n",
    ]
    assert await remote.get_from_pod(A, 19001, "/clusters", {"format": "json"}) == b"up"
    assert api.requests[0][:3] == ("GET", "/api/v1/namespaces/shop/pods/a:19001/proxy/clusters", {"format": "json"})
    with pytest.raises(ApiError, match="HTTP 404"):
        await remote.get_from_pod(A, 19001, "/clusters", {})
