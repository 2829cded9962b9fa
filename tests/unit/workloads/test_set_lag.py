"""An ordered StatefulSet whose controller sees late: order is kept, and nothing is done twice."""

import asyncio
from typing import Any

import pytest

from gatelab.cluster.port import Applied, Cluster, Replaced
from gatelab.kinds.builtin import CONTROLLER_REVISION, NODE, POD, STATEFUL_SET
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.objects import Key, is_being_deleted
from gatelab.reconcile import Mirrors, Runtime
from gatelab.workloads import controllers
from gatelab.workloads.ordinals import ordinal_of
from gatelab.workloads.stateful_sets import StatefulSetController
from lagging_cluster import LaggingCluster
from small_cluster import World, is_ready, small_cluster, template_of

WEB = Key("n", "web")


class Order:
    """A check of a world: pods appear from below, when all below are ready, and one at most is going."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.most_going = 1

    def __call__(self, world: World) -> None:
        pods = {ordinal_of("web", each["metadata"]["name"]): each for each in world.all(POD)}
        for ordinal, pod in pods.items():
            if pod["metadata"]["uid"] not in self.seen:
                below = [each for number, each in pods.items() if (number or 0) < (ordinal or 0)]
                assert len(below) == ordinal
                assert all(is_ready(each) and not is_being_deleted(each) for each in below)
                self.seen.add(pod["metadata"]["uid"])
        assert sum(is_being_deleted(each) for each in pods.values()) <= self.most_going


def settled(world: World, replicas: int, image: str) -> bool:
    obj = world.state[STATEFUL_SET].get(WEB)
    if obj is None or obj["status"].get("observedGeneration") != obj["metadata"]["generation"]:
        return False
    status: dict[str, Any] = obj["status"]
    counts = [status.get(name, 0) for name in ("replicas", "readyReplicas", "updatedReplicas", "currentReplicas")]
    images = [each["spec"]["containers"][0]["image"] for each in world.all(POD)]
    return counts == [replicas] * 4 and images == [image] * replicas


async def create(cluster: Cluster) -> None:
    spec = {
        "replicas": 3,
        "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template_of("web", "one"),
    }
    whole = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "n"}}
    await cluster.create(STATEFUL_SET, with_defaults(STATEFUL_SET, {**whole, "spec": spec}))


@pytest.mark.parametrize("seed", range(3))
async def test_order_holds_when_mirrors_lag(seed: int) -> None:
    async with small_cluster() as world, asyncio.TaskGroup() as tasks:
        lagging = LaggingCluster(world.store, seed)
        running = tasks.create_task(Runtime(lagging, controllers(lagging)).run())
        world.checks.append(Order())
        await create(lagging)
        await world.until(lambda: settled(world, 3, "one"))
        for replicas, image in ((5, "one"), (4, "two"), (1, "two"), (3, "three")):
            await lagging.patch(
                STATEFUL_SET, WEB, {"spec": {"replicas": replicas, "template": template_of("web", image)}}
            )
            await world.until(lambda wanted=(replicas, image): settled(world, *wanted))  # type: ignore[misc]
        await lagging.delete(POD, Key("n", "web-1"))
        await world.until(lambda: Key("n", "web-1") not in world.state[POD])
        await world.until(lambda: settled(world, 3, "three"))
        running.cancel()


async def test_a_deletion_that_is_not_seen_yet_is_waited_for() -> None:
    async with small_cluster() as world:
        cluster = world.cluster
        async with world.controlled(controllers(cluster)):
            await create(cluster)
            await world.until(lambda: settled(world, 3, "one"))
        world.kubelet.hold = True
        controller, mirrors = StatefulSetController(cluster), Mirrors([STATEFUL_SET, POD, CONTROLLER_REVISION, NODE])
        for mirror in mirrors.all():
            mirror.apply(Replaced(await cluster.list(mirror.kind)))
        await controller.start(mirrors)
        shrunk = await cluster.patch(STATEFUL_SET, WEB, {"spec": {"replicas": 0}})
        mirrors.of(STATEFUL_SET).apply(Applied(shrunk))
        await controller.reconcile(WEB)
        for _ in range(2):
            assert await controller.reconcile(WEB), "it comes again"
        assert [is_being_deleted(each) for each in await cluster.list(POD)] == [False, False, True]


async def test_another_set_takes_up_what_one_has_left() -> None:
    """`kubectl delete sts --cascade=orphan`, and the same manifest again: no pod is touched."""
    async with small_cluster() as world:
        lagging = LaggingCluster(world.store, 0)
        async with world.controlled(controllers(lagging)):
            await create(lagging)
            await world.until(lambda: settled(world, 3, "one"))
            before = {each["metadata"]["uid"] for each in world.all(POD)}
            await lagging.delete(STATEFUL_SET, WEB, propagation="Orphan")
            await world.until(lambda: not world.all(STATEFUL_SET))
            await world.until(lambda: not any(each["metadata"].get("ownerReferences") for each in world.all(POD)))
            await create(lagging)
            await world.until(lambda: settled(world, 3, "one"))
            assert {each["metadata"]["uid"] for each in world.all(POD)} == before
