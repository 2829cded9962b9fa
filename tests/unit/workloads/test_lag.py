"""Controllers whose mirrors lag: late events must make nobody create, delete or exceed anything twice."""

import asyncio

import pytest

from gatelab.kinds.builtin import DEPLOYMENT, POD, REPLICA_SET
from gatelab.kinds.objects import Key
from gatelab.reconcile import Runtime
from gatelab.workloads import controllers
from lagging_cluster import LaggingCluster
from small_cluster import World, small_cluster, template_of


@pytest.mark.parametrize("seed", range(4))
async def test_bounds_hold_when_mirrors_lag(seed: int) -> None:
    most, least = 5, 0

    def within_bounds(seen: World) -> None:
        assert len(seen.active_pods()) <= most
        assert len(seen.ready_pods()) >= least

    def is_done(world: World, replicas: int, image: str) -> bool:
        pods = world.all(POD)
        is_current = all(each["spec"]["containers"][0]["image"] == image for each in pods)
        return is_current and len(pods) == len(world.ready_pods()) == replicas

    async with small_cluster() as world, asyncio.TaskGroup() as tasks:
        lagging = LaggingCluster(world.store, seed)
        running = tasks.create_task(Runtime(lagging, controllers(lagging)).run())
        world.checks.append(within_bounds)
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
        await world.deploy(strategy=strategy)
        await world.until(lambda: is_done(world, 5, "one"))
        most, least = 6, 4
        await world.change(template=template_of("web", "two"))
        await world.until(lambda: any(each["spec"]["containers"][0]["image"] == "two" for each in world.all(POD)))
        await world.change(template=template_of("web", "one"))
        await world.until(lambda: len(world.all(REPLICA_SET)) == 2 and is_done(world, 5, "one"))
        await world.until(lambda: settled(world, 5))
        least = 2
        await world.change(replicas=2)
        await world.until(lambda: is_done(world, 2, "one"))
        most = 8
        await world.change(replicas=8)
        await world.until(lambda: is_done(world, 8, "one"))
        running.cancel()


def settled(world: World, replicas: int) -> bool:
    obj = world.state[DEPLOYMENT][Key("n", "web")]
    names = ("replicas", "updatedReplicas", "availableReplicas")
    counts = [obj["status"].get(name) for name in names]
    return counts == [replicas] * 3 and obj["status"]["observedGeneration"] == obj["metadata"]["generation"]
