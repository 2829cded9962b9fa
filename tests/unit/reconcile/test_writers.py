"""What controllers write with: statuses and Events; and the debounce of whole-snapshot controllers."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_cluster import FakeCluster, merge
from gatelab.kinds.builtin import EVENT, GATEWAY
from gatelab.kinds.errors import Conflict, Forbidden
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile import Recorder, coalesced, write_status
from gatelab.reconcile.backoff import Backoff
from gatelab.reconcile.status import merge_patch

READY = {"type": "Ready", "status": "True", "reason": "Fine", "message": ""}


async def stored(cluster: FakeCluster, **more: Any) -> Object:
    metadata = {"name": "a", "namespace": "n"}
    return await cluster.create(GATEWAY, {"apiVersion": "v1", "kind": "Gateway", "metadata": metadata, **more})


async def test_an_equal_status_is_not_written(cluster: FakeCluster) -> None:
    obj = await write_status(cluster, GATEWAY, await stored(cluster), {"replicas": 1, "conditions": [READY]})
    assert obj["status"]["conditions"][0]["lastTransitionTime"]
    before = cluster.version
    assert await write_status(cluster, GATEWAY, obj, {"replicas": 1, "conditions": [READY]}) is obj
    assert cluster.version == before


async def test_what_the_status_no_longer_has_goes(cluster: FakeCluster) -> None:
    obj = await stored(cluster, status={"old": 1, "lb": {"ingress": [{"ip": "1"}]}, "kept": {"a": 1, "b": 2}})
    obj = await write_status(cluster, GATEWAY, obj, {"lb": {}, "kept": {"b": 2}})
    assert obj["status"] == {"lb": {}, "kept": {"b": 2}}


async def test_a_status_from_an_old_state_conflicts(cluster: FakeCluster) -> None:
    old = await stored(cluster)
    await cluster.patch(GATEWAY, Key("n", "a"), {"spec": {"x": 1}})
    with pytest.raises(Conflict):
        await write_status(cluster, GATEWAY, old, {"replicas": 1})


json = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
json_objects = st.dictionaries(st.sampled_from("abc"), json, max_size=3)


@given(json_objects, json_objects)
def test_a_merge_patch_turns_one_into_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merge(before, merge_patch(before, after)) == after


async def test_the_same_event_again_raises_the_count(cluster: FakeCluster) -> None:
    obj = await stored(cluster)
    recorder = Recorder(cluster, "some-controller")
    await recorder.event(obj, "Normal", "Synced", "all is well")
    await recorder.event(obj, "Normal", "Synced", "all is well")
    await recorder.event(obj, "Warning", "Odd", "something else")
    events = await cluster.list(EVENT)
    assert [(each["reason"], each["count"]) for each in events] == [("Synced", 2), ("Odd", 1)]
    first = events[0]
    assert first["involvedObject"]["uid"] == obj["metadata"]["uid"]
    assert first["metadata"]["namespace"] == "n"
    assert first["source"] == {"component": "some-controller"}


async def test_events_of_one_second_sort_as_they_happened(cluster: FakeCluster) -> None:
    obj = await stored(cluster)
    recorder = Recorder(cluster, "c")
    for number in range(20):
        await recorder.event(obj, "Normal", "Step", str(number))
    by_name = sorted(await cluster.list(EVENT), key=lambda each: each["metadata"]["name"])
    assert [each["message"] for each in by_name] == [str(number) for number in range(20)]


async def test_an_event_that_was_deleted_is_written_anew(cluster: FakeCluster) -> None:
    obj = await stored(cluster)
    recorder = Recorder(cluster, "c")
    await recorder.event(obj, "Normal", "Synced", "m")
    cluster.objects[EVENT].clear()
    await recorder.event(obj, "Normal", "Synced", "m")
    assert [each["count"] for each in await cluster.list(EVENT)] == [1]


async def test_an_event_that_cannot_be_written_harms_nobody(cluster: FakeCluster) -> None:
    obj = await stored(cluster)
    recorder = Recorder(cluster, "c")
    cluster.refuse = Forbidden("the namespace is being terminated")
    await recorder.event(obj, "Normal", "Synced", "m")
    assert await cluster.list(EVENT) == []
    await recorder.event(obj, "Normal", "Synced", "m")
    assert len(await cluster.list(EVENT)) == 1


async def test_changes_are_coalesced_until_it_is_quiet() -> None:
    changes = asyncio.Event()
    changes.set()
    async with asyncio.timeout(30):
        await coalesced(changes, quiet_s=0.01, at_most_s=5)
    assert not changes.is_set()


async def test_changes_that_never_end_are_seen_after_the_longest_delay() -> None:
    changes = asyncio.Event()

    async def disturb() -> None:
        while True:
            changes.set()
            await asyncio.sleep(0.002)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        disturbing = tasks.create_task(disturb())
        started = asyncio.get_running_loop().time()
        await coalesced(changes, quiet_s=1, at_most_s=0.05)
        assert asyncio.get_running_loop().time() - started < 0.9
        disturbing.cancel()


def test_backoff_doubles_up_to_its_most_with_jitter() -> None:
    backoff = Backoff(first_s=0.01, most_s=30)
    for failures, whole in ((1, 0.01), (2, 0.02), (5, 0.16), (100, 30.0), (10**6, 30.0)):
        delays = [backoff.delay_s(failures) for _ in range(20)]
        assert all(whole / 2 <= delay <= whole for delay in delays)
        assert len(set(delays)) > 1
