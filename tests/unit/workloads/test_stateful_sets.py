"""StatefulSets on the embedded cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatelab.kinds.builtin import CONTROLLER_REVISION, EVENT, POD, STATEFUL_SET
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.errors import Forbidden
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.workloads import controllers
from small_cluster import World, is_ready, small_cluster, template_of

WEB = Key("n", "web")


@asynccontextmanager
async def world_with_controllers() -> AsyncIterator[World]:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        yield world


async def create(world: World, replicas: int = 3, image: str = "one", **spec: Any) -> Object:
    template = template_of("web", image)
    fields = {"replicas": replicas, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}}}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "n"},
        "spec": {**fields, "template": template, **spec},
    }
    return await world.cluster.create(STATEFUL_SET, with_defaults(STATEFUL_SET, obj))


async def change(world: World, **spec: Any) -> None:
    await world.cluster.patch(STATEFUL_SET, WEB, {"spec": spec})


def status(world: World) -> dict[str, Any]:
    return dict(world.state[STATEFUL_SET].get(WEB, {}).get("status", {}))


def names(world: World) -> list[str]:
    return [each["metadata"]["name"] for each in world.active_pods()]


def images(world: World) -> dict[str, str]:
    return {each["metadata"]["name"]: each["spec"]["containers"][0]["image"] for each in world.active_pods()}


def settled(world: World, number: int = 3) -> bool:
    found = status(world)
    is_observed = found.get("observedGeneration") == world.get(STATEFUL_SET, "web")["metadata"]["generation"]
    counts = [found.get(name) for name in ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")]
    return is_observed and counts == [number] * 4 and found["currentRevision"] == found["updateRevision"]


async def test_pods_come_in_order_with_names_that_stay() -> None:
    async with world_with_controllers() as world:

        def in_order(seen: World) -> None:
            ready = [is_ready(each) for each in seen.all(POD)]
            assert all(ready[:-1]), "a pod was created before the one below it was ready"

        world.checks.append(in_order)
        await create(world)
        await world.until(lambda: settled(world))
        assert names(world) == ["web-0", "web-1", "web-2"]
        pod = world.get(POD, "web-1")
        revision = status(world)["currentRevision"]
        assert pod["spec"]["hostname"] == "web-1"
        assert pod["spec"]["subdomain"] == "web"
        assert pod["metadata"]["labels"] == {
            "app": "web",
            "statefulset.kubernetes.io/pod-name": "web-1",
            "apps.kubernetes.io/pod-index": "1",
            "controller-revision-hash": revision,
        }
        said = [each["message"] for each in world.all(EVENT) if each["reason"] == "SuccessfulCreate"]
        assert "create Pod web-2 in StatefulSet web successful" in said


async def test_a_pod_that_never_gets_ready_holds_the_next_back() -> None:
    async with world_with_controllers() as world:
        await create(world, image="never-ready")
        await world.until(lambda: status(world).get("replicas") == 1 and bool(world.active_pods()))
        await world.kubelet.set_ready(Key("n", "web-0"), True)
        await world.until(lambda: names(world) == ["web-0", "web-1"])
        assert status(world).get("readyReplicas", 0) <= 1


async def test_parallel_creates_and_deletes_at_once() -> None:
    async with world_with_controllers() as world:
        await create(world, image="never-ready", podManagementPolicy="Parallel", ordinals={"start": 5})
        await world.until(lambda: names(world) == ["web-5", "web-6", "web-7"])
        await change(world, replicas=1)
        await world.until(lambda: names(world) == ["web-5"])


async def test_scaling_down_takes_the_highest_and_waits_until_it_is_gone() -> None:
    async with world_with_controllers() as world:
        await create(world)
        await world.until(lambda: settled(world))
        world.kubelet.hold = True
        await change(world, replicas=1)
        await world.until(lambda: is_being_deleted(world.get(POD, "web-2")))
        await world.until(lambda: status(world).get("observedGeneration") == 2)
        assert names(world) == ["web-0", "web-1"]
        world.kubelet.hold = False
        await world.cluster.delete(POD, Key("n", "web-2"), grace_period_s=0)
        await world.until(lambda: names(world) == ["web-0"])
        await world.until(lambda: settled(world, 1))


async def test_a_rolling_update_goes_down_to_the_partition() -> None:
    async with world_with_controllers() as world:
        await create(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
        await world.until(lambda: settled(world))
        first = status(world)["currentRevision"]
        await change(world, template=template_of("web", "two"))
        await world.until(lambda: images(world).get("web-2") == "two" and status(world).get("updatedReplicas") == 1)
        await world.until(lambda: status(world).get("readyReplicas") == 3)
        assert images(world) == {"web-0": "one", "web-1": "one", "web-2": "two"}
        assert status(world)["currentRevision"] == first != status(world)["updateRevision"]
        assert status(world)["currentReplicas"] == 2
        await world.cluster.delete(POD, Key("n", "web-0"))
        await world.until(lambda: len(world.ready_pods()) == 3)
        assert images(world)["web-0"] == "one"
        await change(world, updateStrategy={"rollingUpdate": {"partition": 0}})
        await world.until(lambda: settled(world))
        assert set(images(world).values()) == {"two"}


async def test_on_delete_updates_what_is_deleted() -> None:
    async with world_with_controllers() as world:
        await create(world, updateStrategy={"type": "OnDelete"})
        await world.until(lambda: settled(world))
        await change(world, template=template_of("web", "two"))
        await world.until(lambda: status(world).get("observedGeneration") == 2)
        assert set(images(world).values()) == {"one"}
        await world.cluster.delete(POD, Key("n", "web-1"))
        await world.until(lambda: images(world).get("web-1") == "two")
        await world.until(lambda: len(world.ready_pods()) == 3)
        assert images(world) == {"web-0": "one", "web-1": "two", "web-2": "one"}


async def test_a_failed_pod_is_made_again() -> None:
    async with world_with_controllers() as world:
        await create(world)
        await world.until(lambda: settled(world))
        before = world.get(POD, "web-1")["metadata"]["uid"]
        await world.cluster.patch(POD, Key("n", "web-1"), {"status": {"phase": "Failed"}}, subresource="status")
        await world.until(lambda: before not in {each["metadata"]["uid"] for each in world.all(POD)})
        await world.until(lambda: settled(world) and len(world.ready_pods()) == 3)
        assert any(each["reason"] == "RecreatingFailedPod" for each in world.all(EVENT))


async def updated_to(world: World, image: str) -> None:
    await world.until(lambda: settled(world, 1) and images(world).get("web-0") == image)


async def test_revisions_are_kept_to_the_limit_and_come_back_with_a_new_number() -> None:
    async with world_with_controllers() as world:
        await create(world, replicas=1, revisionHistoryLimit=1)
        await world.until(lambda: settled(world, 1))
        first = status(world)["currentRevision"]
        for image in ("two", "three", "two"):
            await change(world, template=template_of("web", image))
            await updated_to(world, image)
        await world.until(lambda: len(world.all(CONTROLLER_REVISION)) == 2)
        kept = {each["metadata"]["name"]: each["revision"] for each in world.all(CONTROLLER_REVISION)}
        assert first not in kept
        assert kept[status(world)["currentRevision"]] == 4


async def test_an_orphan_of_its_name_is_adopted_and_another_is_left() -> None:
    async with world_with_controllers() as world:
        for name in ("web-0", "web-x"):
            metadata = {"name": name, "namespace": "n", "labels": {"app": "web"}}
            spec = {"containers": [{"name": "c", "image": "one"}], "nodeName": "gatelab"}
            await world.cluster.create(POD, {"metadata": metadata, "spec": spec, "status": {}})
        await create(world, replicas=2, updateStrategy={"type": "OnDelete"})
        await world.until(lambda: status(world).get("readyReplicas") == 2)
        await world.until(lambda: "apps.kubernetes.io/pod-index" in world.get(POD, "web-0")["metadata"]["labels"])
        assert world.get(POD, "web-0")["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
        assert not world.get(POD, "web-x")["metadata"].get("ownerReferences")


async def test_claims_become_empty_directories_and_are_told() -> None:
    async with world_with_controllers() as world:
        await create(world, replicas=1, volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {}}])
        await world.until(lambda: settled(world, 1))
        assert world.get(POD, "web-0")["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]
        (said,) = [each for each in world.all(EVENT) if each["reason"] == "VolumeClaimsNotSupported"]
        assert "an emptyDir in the place of data" in said["message"]


async def test_pods_that_cannot_be_created_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_cluster() as world:
        make = world.cluster.create

        async def refuse(kind: Kind, obj: Object) -> Object:
            if kind == POD:
                raise Forbidden("quota is used up")
            return await make(kind, obj)

        monkeypatch.setattr(world.cluster, "create", refuse)
        async with world.controlled(controllers(world.cluster)):
            await create(world)
            await world.until(lambda: any(each["reason"] == "FailedCreate" for each in world.all(EVENT)))
            said = next(each["message"] for each in world.all(EVENT) if each["reason"] == "FailedCreate")
            assert said == "create Pod web-0 in StatefulSet web failed error: quota is used up"


def failures(world: World) -> set[str]:
    return {each["message"] for each in world.all(EVENT) if each["reason"] == "FailedCreate"}


async def test_a_name_that_a_foreign_pod_has_is_told_and_taken_once_free() -> None:
    async with world_with_controllers() as world:
        foreign = {"metadata": {"name": "web-0", "namespace": "n"}, "spec": template_of("other", "x")["spec"]}
        await world.cluster.create(POD, with_defaults(POD, foreign))
        await create(world, replicas=1)
        said = 'create Pod web-0 in StatefulSet web failed error: pods "web-0" already exists'
        await world.until(lambda: failures(world) == {said})
        await world.cluster.delete(POD, Key("n", "web-0"))
        await world.until(lambda: any("ownerReferences" in each["metadata"] for each in world.active_pods()))


async def test_a_name_too_long_for_the_labels_of_its_pods_is_told() -> None:
    name = "w" * 60
    async with world_with_controllers() as world:
        obj = await create(world, replicas=0)
        long = {**obj, "metadata": {"name": name, "namespace": "n"}, "spec": {**obj["spec"], "replicas": 1}}
        await world.cluster.create(STATEFUL_SET, long)
        await world.until(lambda: bool(failures(world)))
        (said,) = failures(world)
        assert said.startswith(f"create Pod {name}-0 in StatefulSet {name} failed error: Pod ")
        assert "metadata.labels: Invalid value" in said
        assert "must be no more than 63 characters" in said
        assert world.all(POD) == []
