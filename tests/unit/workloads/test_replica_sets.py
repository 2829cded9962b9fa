"""ReplicaSets and bare pods on the embedded cluster."""

from typing import Any

import pytest

from gatelab.kinds.builtin import EVENT, NAMESPACE, POD, REPLICA_SET, SERVICE_ACCOUNT
from gatelab.kinds.errors import Forbidden
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.workloads import controllers
from small_cluster import World, small_cluster, template_of


async def create_set(world: World, replicas: int) -> Object:
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "a"}}, "template": template_of("a", "one")}
    return await world.cluster.create(REPLICA_SET, {"metadata": {"name": "a", "namespace": "n"}, "spec": spec})


async def create_pod(world: World, name: str, **labels: str) -> Object:
    spec = {"containers": [{"name": "c", "image": "one"}]}
    return await world.cluster.create(
        POD, {"metadata": {"name": name, "namespace": "n", "labels": labels}, "spec": spec, "status": {}}
    )


def set_status(world: World) -> dict[str, Any]:
    return dict(world.state[REPLICA_SET].get(Key("n", "a"), {}).get("status", {}))


async def test_pods_that_are_being_deleted_do_not_count_and_are_replaced() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await create_set(world, 2)
        await world.until(lambda: set_status(world).get("readyReplicas") == 2)
        world.kubelet.hold = True
        victim = world.all(POD)[0]
        await world.cluster.delete(POD, key_of(victim))
        await world.until(lambda: len(world.all(POD)) == 3)
        assert len(world.active_pods()) == 2
        await world.until(lambda: set_status(world).get("replicas") == 2)
        await world.until(lambda: set_status(world).get("terminatingReplicas") == 1)
        world.kubelet.hold = False
        await world.cluster.delete(POD, key_of(victim), grace_period_s=0)
        await world.until(lambda: set_status(world).get("terminatingReplicas") == 0)


async def test_a_set_adopts_what_it_selects_and_releases_what_it_does_not() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await create_pod(world, "orphan", app="a")
        await world.until(lambda: bool(world.ready_pods()))
        await create_set(world, 2)
        await world.until(lambda: set_status(world).get("readyReplicas") == 2)
        assert len(world.all(POD)) == 2
        assert world.get(POD, "orphan")["metadata"]["ownerReferences"][0]["name"] == "a"
        await world.cluster.patch(POD, Key("n", "orphan"), {"metadata": {"labels": {"app": "other"}}})
        await world.until(lambda: len(world.all(POD)) == 3)
        assert not world.get(POD, "orphan")["metadata"].get("ownerReferences")


async def test_unready_pods_go_first() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await create_set(world, 3)
        await world.until(lambda: set_status(world).get("readyReplicas") == 3)
        unready = key_of(world.all(POD)[1])
        await world.kubelet.set_ready(unready, False)
        await world.until(lambda: set_status(world).get("readyReplicas") == 2)
        await world.cluster.patch(REPLICA_SET, Key("n", "a"), {"spec": {"replicas": 2}})
        await world.until(lambda: len(world.all(POD)) == 2)
        assert unready not in world.state[POD]


async def test_pods_that_cannot_be_created_are_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_cluster() as world:
        create, is_refusing = world.cluster.create, True

        async def refuse(kind: Kind, obj: Object) -> Object:
            if kind == POD and is_refusing:
                raise Forbidden("quota is used up")
            return await create(kind, obj)

        monkeypatch.setattr(world.cluster, "create", refuse)
        async with world.controlled(controllers(world.cluster)):
            await create_set(world, 1)
            await world.until(lambda: bool(set_status(world).get("conditions")))
            (failure,) = set_status(world)["conditions"]
            assert (failure["type"], failure["reason"]) == ("ReplicaFailure", "FailedCreate")
            assert "quota is used up" in failure["message"]
            is_refusing = False
            await world.until(lambda: set_status(world).get("readyReplicas") == 1)
            await world.until(lambda: "conditions" not in set_status(world))


async def test_a_bare_pod_is_bound_to_the_node() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await create_pod(world, "bare")
        await world.until(lambda: bool(world.ready_pods()))
        assert world.get(POD, "bare")["spec"]["nodeName"] == "gatelab"
        await world.until(lambda: any(each["reason"] == "Scheduled" for each in world.all(EVENT)))


async def test_every_namespace_gets_its_service_account_again_and_again() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        account = Key("n", "default")
        await world.until(lambda: account in world.state[SERVICE_ACCOUNT])
        first = world.state[SERVICE_ACCOUNT][account]["metadata"]["uid"]
        await world.cluster.delete(SERVICE_ACCOUNT, account)
        await world.until(
            lambda: world.state[SERVICE_ACCOUNT].get(account, {"metadata": {"uid": first}})["metadata"]["uid"] != first
        )
        await world.cluster.create(NAMESPACE, {"metadata": {"name": "other"}})
        await world.until(lambda: Key("other", "default") in world.state[SERVICE_ACCOUNT])
