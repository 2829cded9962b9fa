"""EndpointSlices on the embedded cluster: they follow pods at once and are not written for nothing."""

import asyncio
from typing import Any

import pytest

from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.builtin import ENDPOINT_SLICE, POD, SERVICE
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.reconcile import Runtime
from gatelab.services import controllers
from lagging_cluster import LaggingCluster
from small_cluster import World, small_cluster

RANGE = AddressRange(25)


async def create_service(world: World, name: str = "s", **spec: Any) -> Object:
    wanted = {"selector": {"app": "a"}, "ports": [{"port": 80}]} | spec
    obj = {"metadata": {"name": name, "namespace": "n", "labels": {"mine": "yes"}}, "spec": wanted}
    return await world.cluster.create(SERVICE, obj)


async def create_pod(world: World, name: str, app: str = "a") -> Object:
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "gatelab"}
    obj = {"metadata": {"name": name, "namespace": "n", "labels": {"app": app}}, "spec": spec, "status": {}}
    return await world.cluster.create(POD, obj)


def ready(world: World, service: str = "s") -> list[str]:
    return [
        endpoint["targetRef"]["name"]
        for each in slices(world, service)
        for endpoint in each["endpoints"]
        if endpoint["conditions"]["ready"]
    ]


def slices(world: World, service: str = "s") -> list[Object]:
    label = "kubernetes.io/service-name"
    return [each for each in world.all(ENDPOINT_SLICE) if each["metadata"]["labels"][label] == service]


async def test_a_slice_is_named_labelled_and_owned_as_in_kubernetes() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        service = await create_service(world)
        await create_pod(world, "p")
        await world.until(lambda: ready(world) == ["p"])
        (found,) = slices(world)
        assert found["metadata"]["name"].startswith("s-")
        assert len(found["metadata"]["name"]) == len("s-") + 5
        assert found["metadata"]["labels"] == {
            "mine": "yes",
            "kubernetes.io/service-name": "s",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        assert found["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]
        assert found["addressType"] == "IPv4"


async def test_pods_join_and_leave_at_once() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world)
        await create_pod(world, "p")
        await create_pod(world, "q")
        await world.until(lambda: ready(world) == ["p", "q"])
        await world.kubelet.set_ready(Key("n", "p"), False)
        await world.until(lambda: ready(world) == ["q"])
        await world.kubelet.set_ready(Key("n", "p"), True)
        await world.until(lambda: ready(world) == ["p", "q"])
        world.kubelet.hold = True
        await world.cluster.delete(POD, Key("n", "p"))
        await world.until(lambda: ready(world) == ["q"])
        (found,) = slices(world)
        leaving = next(each for each in found["endpoints"] if each["targetRef"]["name"] == "p")
        assert leaving["conditions"] == {"ready": False, "serving": True, "terminating": True}
        await world.cluster.delete(POD, Key("n", "p"), grace_period_s=0)
        await world.until(lambda: len(slices(world)[0]["endpoints"]) == 1)


async def test_changed_labels_move_a_pod() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world)
        await create_service(world, "other", selector={"app": "b"})
        await create_pod(world, "p")
        await world.until(lambda: ready(world) == ["p"])
        await world.cluster.patch(POD, Key("n", "p"), {"metadata": {"labels": {"app": "b"}}})
        await world.until(lambda: ready(world) == [] and ready(world, "other") == ["p"])


async def test_what_does_not_change_a_slice_does_not_write_it() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world)
        await create_pod(world, "p")
        await world.until(lambda: ready(world) == ["p"])
        before = slices(world)[0]["metadata"]["resourceVersion"]
        await world.cluster.patch(POD, Key("n", "p"), {"metadata": {"annotations": {"x": "y"}}})
        await create_pod(world, "q", app="elsewhere")
        await create_service(world, "witness")
        await world.until(lambda: ready(world, "witness") == ["p"])
        assert slices(world)[0]["metadata"]["resourceVersion"] == before


async def test_many_pods_at_once_make_one_slice_and_a_restart_makes_no_other() -> None:
    async with small_cluster() as world:
        async with world.controlled(controllers(world.cluster, RANGE)):
            await create_service(world)
            await asyncio.gather(*(create_pod(world, f"p{number}") for number in range(10)))
            await world.until(lambda: len(ready(world)) == 10)
        async with world.controlled(controllers(world.cluster, RANGE)):
            await create_pod(world, "last")
            await world.until(lambda: len(ready(world)) == 11)
            assert len(slices(world)) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_late_watches_make_no_second_slice(seed: int) -> None:
    async with small_cluster() as world, asyncio.TaskGroup() as tasks:

        def never_two(seen: World) -> None:
            assert len(slices(seen)) <= 1

        world.checks.append(never_two)
        lagging = LaggingCluster(world.store, seed)
        running = tasks.create_task(Runtime(lagging, controllers(lagging, RANGE)).run())
        await create_service(world)
        for number in range(10):
            await create_pod(world, f"p{number}")
            await asyncio.sleep(0.004)
        await world.until(lambda: len(ready(world)) == 10)
        running.cancel()


async def test_a_slice_that_somebody_deletes_or_changes_is_restored() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world)
        await create_pod(world, "p")
        await world.until(lambda: ready(world) == ["p"])
        key = key_of(slices(world)[0])
        await world.cluster.patch(ENDPOINT_SLICE, key, {"endpoints": []})
        await world.until(lambda: ready(world) == [])
        await world.until(lambda: ready(world) == ["p"])
        await world.cluster.delete(ENDPOINT_SLICE, key)
        await world.until(lambda: key not in world.state[ENDPOINT_SLICE] and ready(world) == ["p"])


async def test_services_without_selector_are_left_to_their_authors() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world, selector=None)
        labels = {"kubernetes.io/service-name": "s"}
        own = {"metadata": {"name": "own", "namespace": "n", "labels": labels}, "addressType": "IPv4", "endpoints": []}
        await world.cluster.create(ENDPOINT_SLICE, own)
        await create_service(world, "witness")
        await world.until(lambda: bool(slices(world, "witness")))
        assert [each["metadata"]["name"] for each in slices(world)] == ["own"]


async def test_slices_go_with_their_service() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create_service(world)
        await world.until(lambda: bool(slices(world)))
        await world.cluster.delete(SERVICE, Key("n", "s"))
        await world.until(lambda: not slices(world))
