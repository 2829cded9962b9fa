"""Deletion: at once, after finalizers, after a Pod's grace period, of dependents, of a namespace's content."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, REPLICA_SET
from gatelab.kinds.errors import Conflict, Forbidden, NotFound
from gatelab.kinds.objects import Key
from gatelab.store import Store

WEB = Key("shop", "web")
BOUND = {"nodeName": "gatelab", "terminationGracePeriodSeconds": 7}


async def test_an_object_goes_at_once(store: Store, make: Any) -> None:
    made = await store.create(CONFIG_MAP, make("web"))
    watch = store.watch(CONFIG_MAP, since=made.version)
    assert await store.delete(CONFIG_MAP, WEB) is None
    ((type_, last),) = await watch.batch()
    assert (type_, last.uid, last.version) == ("DELETED", made.uid, store.version)
    with pytest.raises(NotFound, match='configmaps "web" not found'):
        await store.delete(CONFIG_MAP, WEB)


async def test_finalizers_hold_until_the_last(store: Store, make: Any, clock: Any) -> None:
    await store.create(DEPLOYMENT, make("web", finalizers=["a/b", "c/d"]))
    marked = await store.delete(DEPLOYMENT, WEB)
    assert marked is not None
    assert marked.metadata["deletionTimestamp"] == "2026-01-02T03:04:05Z"
    assert marked.metadata["deletionGracePeriodSeconds"] == 0
    assert marked.metadata["generation"] == 2
    clock.pass_s(60)
    assert await store.delete(DEPLOYMENT, WEB) is marked
    await store.update(DEPLOYMENT, make("web", finalizers=["c/d"]))
    assert store.get(DEPLOYMENT, WEB).metadata["deletionTimestamp"] == "2026-01-02T03:04:05Z"
    await store.update(DEPLOYMENT, make("web"))
    with pytest.raises(NotFound):
        store.get(DEPLOYMENT, WEB)


async def test_a_bound_pod_waits_for_its_kubelet(store: Store, make: Any) -> None:
    await store.create(POD, make("web", spec=BOUND))
    marked = await store.delete(POD, WEB)
    assert marked is not None
    assert marked.metadata["deletionTimestamp"] == "2026-01-02T03:04:12Z"
    assert marked.metadata["deletionGracePeriodSeconds"] == 7
    await store.update(POD, {**marked.object, "status": {"phase": "Running"}}, subresource="status")
    assert await store.delete(POD, WEB, grace_period_s=0, uid=marked.uid) is None


async def test_a_later_request_can_only_shorten_the_grace_period(store: Store, make: Any, clock: Any) -> None:
    await store.create(POD, make("web", spec=BOUND))
    marked = await store.delete(POD, WEB, grace_period_s=30)
    clock.pass_s(2)
    assert await store.delete(POD, WEB, grace_period_s=60) is marked
    shorter = await store.delete(POD, WEB, grace_period_s=5)
    assert shorter is not None
    assert shorter.metadata["deletionTimestamp"] == "2026-01-02T03:04:10Z"


async def test_a_grace_period_may_be_longer_than_time(store: Store, make: Any) -> None:
    await store.create(POD, make("web", spec=BOUND))
    marked = await store.delete(POD, WEB, grace_period_s=2**62)
    assert marked is not None
    assert marked.metadata["deletionGracePeriodSeconds"] == 2**62
    shorter = await store.delete(POD, WEB, grace_period_s=60)
    assert shorter is not None
    assert shorter.metadata["deletionTimestamp"] == "2026-01-02T03:05:05Z"


async def test_a_negative_grace_period_is_a_second(store: Store, make: Any) -> None:
    await store.create(POD, make("web", spec=BOUND))
    marked = await store.delete(POD, WEB, grace_period_s=-5)
    assert marked is not None
    assert marked.metadata["deletionGracePeriodSeconds"] == 1


@pytest.mark.parametrize(("spec", "status"), [({}, {}), (BOUND, {"phase": "Succeeded"}), (BOUND, {"phase": "Failed"})])
async def test_pods_that_do_not_run_go_at_once(store: Store, make: Any, spec: Any, status: Any) -> None:
    await store.create(POD, make("web", spec=spec, status=status))
    assert await store.delete(POD, WEB) is None


async def test_a_pod_with_finalizers_survives_grace_zero(store: Store, make: Any) -> None:
    await store.create(POD, make("web", spec=BOUND, finalizers=["a/b"]))
    await store.delete(POD, WEB)
    marked = await store.delete(POD, WEB, grace_period_s=0)
    assert marked is not None
    assert marked.metadata["deletionGracePeriodSeconds"] == 0
    await store.update(POD, make("web", spec=BOUND))
    with pytest.raises(NotFound):
        store.get(POD, WEB)


async def test_preconditions(store: Store, make: Any) -> None:
    made = await store.create(CONFIG_MAP, make("web"))
    with pytest.raises(Conflict, match="UID in precondition: other"):
        await store.delete(CONFIG_MAP, WEB, uid="other")
    with pytest.raises(Conflict, match="ResourceVersion in precondition: 1,"):
        await store.delete(CONFIG_MAP, WEB, resource_version="1")
    assert await store.delete(CONFIG_MAP, WEB, uid=made.uid, resource_version=str(made.version)) is None


async def test_dependents_go_with_their_owner(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    middle = await store.create(REPLICA_SET, make("web-1", owners=(owner,)))
    await store.create(CONFIG_MAP, make("leaf", owners=(middle,)))
    await store.create(POD, make("web-1-x", owners=(middle,), spec=BOUND))
    leaves = store.watch(CONFIG_MAP, since=store.version)
    await store.delete(DEPLOYMENT, WEB)
    await until_removed(leaves, "leaf")
    assert store.list(REPLICA_SET)[0] == []
    assert store.get(POD, Key("shop", "web-1-x")).metadata["deletionGracePeriodSeconds"] == 7


async def test_an_owner_that_never_was(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    gone = await store.create(DEPLOYMENT, make("web"))
    await store.delete(DEPLOYMENT, WEB)
    watch = store.watch(CONFIG_MAP, since=store.version)
    await store.create(CONFIG_MAP, make("late", owners=(gone,)))
    await until_removed(watch, "late")


async def test_one_of_two_owners_is_enough(store: Store, make: Any) -> None:
    one = await store.create(DEPLOYMENT, make("one"))
    two = await store.create(DEPLOYMENT, make("two"))
    made = await store.create(CONFIG_MAP, make("shared", owners=(one, two)))
    watch = store.watch(CONFIG_MAP, since=made.version)
    await store.delete(DEPLOYMENT, Key("shop", "one"))
    ((type_, left),) = await watch.batch()
    assert type_ == "MODIFIED"
    assert [each["uid"] for each in left.metadata["ownerReferences"]] == [two.uid]


async def test_orphans_stay(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    await store.create(CONFIG_MAP, make("leaf", owners=(owner,)))
    watch = store.watch(DEPLOYMENT, since=store.version)
    marked = await store.delete(DEPLOYMENT, WEB, propagation="Orphan")
    assert marked is not None
    assert marked.metadata["finalizers"] == ["orphan"]
    await until_removed(watch, "web")
    await store.create(CONFIG_MAP, make("other"))
    assert "ownerReferences" not in store.get(CONFIG_MAP, Key("shop", "leaf")).metadata


async def test_who_asks_for_nothing_leaves_it_to_the_finalizers(
    store: Store, make: Any, until_removed: Callable[..., Any]
) -> None:
    owner = await store.create(DEPLOYMENT, make("web", finalizers=["orphan"]))
    await store.create(CONFIG_MAP, make("leaf", owners=(owner,)))
    watch = store.watch(DEPLOYMENT, since=store.version)
    await store.delete(DEPLOYMENT, WEB)
    await until_removed(watch, "web")
    assert "ownerReferences" not in store.get(CONFIG_MAP, Key("shop", "leaf")).metadata


async def test_background_takes_back_what_foreground_asked_for(store: Store, make: Any) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    await store.create(POD, make("web-x", owners=(owner,), block=True, spec=BOUND))
    assert await store.delete(DEPLOYMENT, WEB, propagation="Foreground") is not None
    assert await store.delete(DEPLOYMENT, WEB, propagation="Background") is None


async def test_foreground_goes_all_the_way_down(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    middle = await store.create(REPLICA_SET, make("web-1", owners=(owner,), block=True))
    await store.create(POD, make("web-1-x", owners=(middle,), block=True, spec=BOUND))
    watch, pods = (store.watch(kind, since=store.version) for kind in (DEPLOYMENT, POD))
    await store.delete(DEPLOYMENT, WEB, propagation="Foreground")
    ((_, pod),) = await pods.batch()
    assert store.get(REPLICA_SET, Key("shop", "web-1")).metadata["finalizers"] == ["foregroundDeletion"]
    await store.delete(POD, pod.key, grace_period_s=0)
    await until_removed(watch, "web")
    assert store.list(REPLICA_SET)[0] == []


async def test_a_second_owner_keeps_what_the_first_waits_for(
    store: Store, make: Any, until_removed: Callable[..., Any]
) -> None:
    one = await store.create(DEPLOYMENT, make("one"))
    two = await store.create(DEPLOYMENT, make("two"))
    await store.create(CONFIG_MAP, make("shared", owners=(one, two), block=True))
    watch = store.watch(DEPLOYMENT, since=store.version)
    await store.delete(DEPLOYMENT, Key("shop", "one"), propagation="Foreground")
    await until_removed(watch, "one")
    (left,) = store.get(CONFIG_MAP, Key("shop", "shared")).metadata["ownerReferences"]
    assert left["uid"] == two.uid


@pytest.mark.parametrize("changed", [{"name": "another"}, {"kind": "ReplicaSet"}, {"uid": "never"}])
async def test_an_owner_that_is_not_what_the_reference_says_is_absent(
    store: Store, make: Any, until_removed: Callable[..., Any], changed: dict[str, str]
) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    leaf = make("leaf", owners=(owner,))
    leaf["metadata"]["ownerReferences"][0] |= changed
    watch = store.watch(CONFIG_MAP, since=store.version)
    await store.create(CONFIG_MAP, leaf)
    await until_removed(watch, "leaf")


async def test_an_owner_in_another_namespace_is_absent(
    store: Store, make: Any, until_removed: Callable[..., Any]
) -> None:
    await store.create(NAMESPACE, {"metadata": {"name": "other"}})
    owner = await store.create(DEPLOYMENT, make("web", namespace="other"))
    watch = store.watch(CONFIG_MAP, since=store.version)
    await store.create(CONFIG_MAP, make("leaf", owners=(owner,)))
    await until_removed(watch, "leaf")


async def test_owners_that_nobody_can_judge_leave_the_object_alone(store: Store, make: Any) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    foreign = make("foreign", owners=(owner,))
    foreign["metadata"]["ownerReferences"][0] |= {"apiVersion": "example.com/v1", "kind": "Thing", "uid": "t"}
    await store.create(CONFIG_MAP, foreign)
    cluster_wide = make("cluster-wide", owners=(owner,))
    del cluster_wide["metadata"]["namespace"]
    await store.create(NAMESPACE, cluster_wide)
    await store.delete(DEPLOYMENT, WEB)
    # Steps are taken with the next commits: these give them the time to be.
    for number in range(3):
        await store.create(CONFIG_MAP, make(f"cm-{number}"))
    assert store.get(CONFIG_MAP, Key("shop", "foreign"))
    assert "deletionTimestamp" not in store.get(NAMESPACE, Key("", "cluster-wide")).metadata


async def test_foreground_waits_for_dependents_that_block(
    store: Store, make: Any, until_removed: Callable[..., Any]
) -> None:
    owner = await store.create(DEPLOYMENT, make("web"))
    await store.create(POD, make("web-x", owners=(owner,), block=True, spec=BOUND))
    watch = store.watch(DEPLOYMENT, since=store.version)
    pods = store.watch(POD, since=store.version)
    marked = await store.delete(DEPLOYMENT, WEB, propagation="Foreground")
    assert marked is not None
    assert marked.metadata["finalizers"] == ["foregroundDeletion"]
    ((_, pod),) = await pods.batch()
    assert "deletionTimestamp" in pod.metadata
    assert store.get(DEPLOYMENT, WEB) is marked
    await store.delete(POD, pod.key, grace_period_s=0)
    await until_removed(watch, "web")


async def test_foreground_without_dependents(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    await store.create(DEPLOYMENT, make("web"))
    watch = store.watch(DEPLOYMENT, since=store.version)
    await store.delete(DEPLOYMENT, WEB, propagation="Foreground")
    await until_removed(watch, "web")


async def test_a_namespace_goes_after_its_content(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    await store.create(CONFIG_MAP, make("web"))
    pod = await store.create(POD, make("web", spec=BOUND))
    pods = store.watch(POD, since=store.version)
    watch = store.watch(NAMESPACE, since=store.version)
    marked = await store.delete(NAMESPACE, Key("", "shop"))
    assert marked is not None
    assert marked.object["status"] == {"phase": "Terminating"}
    with pytest.raises(Forbidden, match="because it is being terminated") as refused:
        await store.create(CONFIG_MAP, make("late"))
    assert refused.value.details["causes"][0]["reason"] == "NamespaceTerminating"
    await pods.batch()
    await store.delete(POD, pod.key, grace_period_s=0)
    await until_removed(watch, "shop")
    assert store.list(CONFIG_MAP)[0] == []


async def test_what_is_in_an_ending_namespace_can_be_deleted_by_name_for_a_while(
    make: Any, until_removed: Callable[..., Any]
) -> None:
    """`kubectl delete -f` deletes the namespace first, and then one by one what the file has in it."""
    store = Store(namespace_grace_s=30)
    for name in ("shop", "other"):
        await store.create(NAMESPACE, {"metadata": {"name": name}})
    await store.create(CONFIG_MAP, make("web"))
    watch = store.watch(NAMESPACE, since=store.version)
    await store.delete(NAMESPACE, Key("", "shop"))
    for number in range(3):
        await store.create(CONFIG_MAP, make(f"cm-{number}", namespace="other"))
    await store.delete(CONFIG_MAP, Key("shop", "web"))
    await until_removed(watch, "shop")
    await store.close()


async def test_owners_in_an_ending_namespace_survive_writes_to_what_they_own(make: Any) -> None:
    store = Store(namespace_grace_s=30)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    owner = await store.create(DEPLOYMENT, make("web"))
    await store.create(CONFIG_MAP, make("owned", owners=(owner,)))
    await store.delete(NAMESPACE, Key("", "shop"))
    await store.update(CONFIG_MAP, make("owned", owners=(owner,), data={"k": "v"}))
    # Steps are taken with the next commits: these give them the time to be.
    for number in range(3):
        await store.update(NAMESPACE, {"metadata": {"name": "shop", "labels": {"n": str(number)}}})
    assert store.get(CONFIG_MAP, Key("shop", "owned")).object["data"] == {"k": "v"}
    assert store.get(DEPLOYMENT, WEB).uid == owner.uid
    await store.close()


async def test_a_namespace_of_the_same_name_has_a_while_of_its_own(
    make: Any, until_removed: Callable[..., Any]
) -> None:
    store = Store(namespace_grace_s=0.05)
    loop = asyncio.get_running_loop()
    shop = Key("", "shop")
    removed: list[float] = []
    for _ in range(2):
        await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
        await store.create(CONFIG_MAP, make("web"))
        watch = store.watch(NAMESPACE, since=store.version)
        begun = loop.time()
        await store.delete(NAMESPACE, shop)
        if not removed:
            await store.delete(CONFIG_MAP, Key("shop", "web"))
        await until_removed(watch, "shop")
        removed.append(loop.time() - begun)
    assert removed[1] >= 0.05
    await store.close()


async def test_the_rest_of_an_ending_namespace_goes_after_the_while(
    make: Any, until_removed: Callable[..., Any]
) -> None:
    store = Store(namespace_grace_s=0.02)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    await store.create(CONFIG_MAP, make("web"))
    watch = store.watch(NAMESPACE, since=store.version)
    await store.delete(NAMESPACE, Key("", "shop"))
    await until_removed(watch, "shop")
    assert store.list(CONFIG_MAP)[0] == []
    await store.close()


async def test_a_namespace_waits_for_its_own_finalizers(store: Store, until_removed: Callable[..., Any]) -> None:
    await store.create(NAMESPACE, {"metadata": {"name": "kept", "finalizers": ["a/b"]}})
    watch = store.watch(NAMESPACE, since=store.version)
    await store.delete(NAMESPACE, Key("", "kept"))
    marked, emptied = [change.stored for _ in range(2) for change in await watch.batch()]
    assert (marked.object["spec"]["finalizers"], emptied.object["spec"]["finalizers"]) == (["kubernetes"], [])
    await store.update(NAMESPACE, {"metadata": {"name": "kept"}})
    await until_removed(watch, "kept")


async def test_an_ending_namespace_tells_what_is_left(
    store: Store, make: Any, until_removed: Callable[..., Any]
) -> None:
    await store.create(CONFIG_MAP, make("held", finalizers=["a/b"]))
    pod = await store.create(POD, make("web", spec=BOUND))
    watch = store.watch(NAMESPACE, since=store.version)
    await store.delete(NAMESPACE, Key("", "shop"))
    await watch.batch()
    ((_, namespace),) = await watch.batch()
    conditions = {each["type"]: each for each in namespace.object["status"]["conditions"]}
    remaining = conditions["NamespaceContentRemaining"]
    assert (remaining["status"], remaining["reason"]) == ("True", "SomeResourcesRemain")
    assert remaining["message"] == (
        "Some resources are remaining: configmaps. has 1 resource instances, pods. has 1 resource instances"
    )
    held = conditions["NamespaceFinalizersRemaining"]
    assert held["message"] == "Some content in the namespace has finalizers remaining: a/b in 1 resource instances"
    assert conditions["NamespaceDeletionContentFailure"]["status"] == "False"
    await store.delete(POD, pod.key, grace_period_s=0)
    ((_, namespace),) = await watch.batch()
    assert "pods" not in str(namespace.object["status"]["conditions"])
    await store.update(CONFIG_MAP, make("held"))
    await until_removed(watch, "shop")


async def test_a_large_namespace_goes_whole(store: Store, make: Any, until_removed: Callable[..., Any]) -> None:
    for number in range(600):
        await store.create(CONFIG_MAP, make(f"cm-{number}"))
    watch = store.watch(NAMESPACE, since=store.version)
    await store.delete(NAMESPACE, Key("", "shop"))
    await until_removed(watch, "shop")
    assert store.list(CONFIG_MAP)[0] == []
