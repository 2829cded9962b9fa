"""Lists and watches: what a watcher sees, from where, and when it is sent away."""

import asyncio
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE, POD, POD_METRICS
from gatelab.kinds.errors import BadRequest, Expired
from gatelab.kinds.objects import Key
from gatelab.kinds.selectors import from_query
from gatelab.store import Store
from gatelab.store.history import History, Recorded
from gatelab.store.stored import stored


async def test_list_is_sorted_filtered_and_has_the_stores_version(store: Store, make: Any) -> None:
    await store.create(NAMESPACE, {"metadata": {"name": "another"}})
    await store.create(POD, make("b", labels={"app": "x"}, spec={"nodeName": "n1"}))
    await store.create(POD, make("a", spec={"nodeName": "n2"}))
    await store.create(POD, make("c", namespace="another", labels={"app": "x"}))
    everything, version = store.list(POD)
    assert [str(each.key) for each in everything] == ["another/c", "shop/a", "shop/b"]
    assert version == store.version
    assert [each.key.name for each in store.list(POD, namespace="shop")[0]] == ["a", "b"]
    assert [each.key.name for each in store.list(POD, selector=from_query("app=x"))[0]] == ["c", "b"]
    assert [each.key.name for each in store.list(POD, fields="spec.nodeName=n1")[0]] == ["b"]
    assert [each.key.name for each in store.list(POD, fields={"metadata.name": "a"})[0]] == ["a"]
    assert [each.key.name for each in store.list(POD, fields="spec.nodeName!=n1")[0]] == ["c", "a"]
    with pytest.raises(BadRequest, match="'nonsense'"):
        store.list(POD, fields="nonsense")


async def test_a_watch_resumes_anywhere(store: Store, make: Any) -> None:
    start = store.version
    first = await store.create(CONFIG_MAP, make("a"))
    await store.update(CONFIG_MAP, make("a", data={"x": "1"}))
    await store.delete(CONFIG_MAP, Key("shop", "a"))
    assert [change.type for change in store.watch(CONFIG_MAP, since=start).pending()] == [
        "ADDED",
        "MODIFIED",
        "DELETED",
    ]
    assert [change.type for change in store.watch(CONFIG_MAP, since=first.version).pending()] == ["MODIFIED", "DELETED"]
    assert store.watch(CONFIG_MAP, since=store.version).pending() == []


async def test_watchers_share_one_object(store: Store, make: Any) -> None:
    one, two = (store.watch(CONFIG_MAP, since=store.version) for _ in range(2))
    made = await store.create(CONFIG_MAP, make("a"))
    assert one.pending()[0].stored is two.pending()[0].stored is made


async def test_coming_into_sight_is_added_and_leaving_it_deleted(store: Store, make: Any) -> None:
    watch = store.watch(CONFIG_MAP, since=store.version, selector=from_query("app=x"))
    await store.create(CONFIG_MAP, make("a"))
    for labels in ({"app": "x"}, {"app": "x", "more": ""}, {"app": "y"}, {"app": "x"}):
        await store.update(CONFIG_MAP, make("a", labels=labels))
    await store.delete(CONFIG_MAP, Key("shop", "a"))
    assert [change.type for change in watch.pending()] == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]


async def test_a_watch_waits_and_ends_when_closed(store: Store, make: Any) -> None:
    watch = store.watch(CONFIG_MAP, since=store.version)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.batch())
        await asyncio.sleep(0)
        await store.create(CONFIG_MAP, make("a"))
        assert [change.stored.key.name for change in await waiting] == ["a"]
        ended = tasks.create_task(watch.batch())
        await asyncio.sleep(0)
        watch.close()
        assert await ended == []


async def test_closing_the_store_ends_watches() -> None:
    store = Store.open(None)
    watch = store.watch(CONFIG_MAP, since=0)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.batch())
        await asyncio.sleep(0)
        await store.close()
        assert await waiting == []


async def test_a_cancelled_watcher_leaves_nothing(store: Store) -> None:
    watch = store.watch(CONFIG_MAP, since=store.version)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await watch.batch()
    assert not watch._history._waiting


async def test_old_versions_expire_and_slow_watchers_are_sent_away(make: Any) -> None:
    store = Store(history_limit=10)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    slow = store.watch(CONFIG_MAP, since=store.version)
    start = store.version
    for number in range(20):
        await store.create(CONFIG_MAP, make(f"a{number}"))
    with pytest.raises(Expired, match="too old resource version"):
        await slow.batch()
    with pytest.raises(Expired):
        store.watch(CONFIG_MAP, since=start)
    assert len(store.watch(CONFIG_MAP, since=store.version - 10).pending()) == 10
    assert len(store.watch(NAMESPACE, since=0).pending()) == 1
    await store.close()


async def test_metrics_have_a_short_history(make: Any) -> None:
    store = Store(history_limit=20)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    for number in range(4):
        await store.create(POD_METRICS, make(f"a{number}"))
    with pytest.raises(Expired):
        store.watch(POD_METRICS, since=1)
    await store.close()


async def test_a_version_of_the_future_asks_for_a_new_list(store: Store) -> None:
    with pytest.raises(Expired, match="too large resource version"):
        store.watch(CONFIG_MAP, since=store.version + 1)


async def test_the_history_is_bounded_in_bytes(make: Any) -> None:
    history = History(0, limit=1000, limit_bytes=10_000)
    for version in range(1, 101):
        large = stored(make("a", data={"x": "y" * 1000}) | {"n": version}, version)
        history.append(Recorded(None, large))
    assert len(history.after(history.cursor(history.floor), 1000)) <= 10
    with pytest.raises(Expired):
        history.cursor(50)


async def test_a_past_version_is_listed_as_it_was(store: Store, make: Any) -> None:
    await store.create(CONFIG_MAP, make("a", data={"x": "1"}))
    await store.create(CONFIG_MAP, make("b"))
    then = store.version
    was, _ = store.list(CONFIG_MAP)
    await store.update(CONFIG_MAP, make("a", data={"x": "2"}))
    await store.delete(CONFIG_MAP, Key("shop", "b"))
    await store.create(CONFIG_MAP, make("c"))
    assert store.list(CONFIG_MAP, at=then) == (was, then)
    with pytest.raises(Expired, match="too large resource version"):
        store.list(CONFIG_MAP, at=store.version + 1)


async def test_versions_of_long_ago_are_kept_as_json_and_resumed_from(store: Store, make: Any) -> None:
    first = await store.create(CONFIG_MAP, make("a", labels={"in": "yes"}, data={"n": "0"}))
    for number in range(1, 600):
        labels = {"in": "yes" if number % 2 == 0 else "no"}
        await store.update(CONFIG_MAP, make("a", labels=labels, data={"n": str(number)}))
    await store.delete(CONFIG_MAP, Key("shop", "a"))
    records = store._histories["configmaps"]._records
    parsed = [record for record in records if record.before is not None and record.before._parsed is not None]
    assert len(parsed) < 300, "what was replaced long ago is held parsed"
    watch = store.watch(CONFIG_MAP, since=first.version, selector=from_query("in=yes"))
    changes = watch.pending()
    assert [each.type for each in changes] == ["DELETED", "ADDED"] * 299 + ["DELETED"]
    assert [each.stored.object["data"]["n"] for each in changes[:4]] == ["1", "2", "3", "4"]
