"""DaemonSets on the embedded cluster, and which nodes a pod may run on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatelab.kinds.builtin import CONTROLLER_REVISION, DAEMON_SET, EVENT, NODE, POD
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.workloads import controllers
from gatelab.workloads.node_fit import fits, may_stay
from small_cluster import World, is_ready, small_cluster, template_of

AGENT = Key("n", "agent")


@asynccontextmanager
async def world_with_node(**labels: str) -> AsyncIterator[World]:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.cluster.create(NODE, {"metadata": {"name": "gatelab", "labels": labels}, "spec": {}})
        yield world


async def create(world: World, image: str = "one", pod: dict[str, Any] | None = None, **spec: Any) -> Object:
    template = template_of("agent", image)
    template["spec"] |= pod or {}
    fields = {"selector": {"matchLabels": {"app": "agent"}}, "template": template, **spec}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "n"},
        "spec": fields,
    }
    return await world.cluster.create(DAEMON_SET, with_defaults(DAEMON_SET, obj))


async def change(world: World, **spec: Any) -> None:
    await world.cluster.patch(DAEMON_SET, AGENT, {"spec": spec})


def status(world: World) -> dict[str, Any]:
    return dict(world.state[DAEMON_SET].get(AGENT, {}).get("status", {}))


def images(world: World) -> list[str]:
    return [each["spec"]["containers"][0]["image"] for each in world.active_pods()]


def settled(world: World, image: str) -> bool:
    found = status(world)
    is_observed = found.get("observedGeneration") == world.get(DAEMON_SET, "agent")["metadata"]["generation"]
    done = [found.get(name, 0) for name in ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")]
    return is_observed and done == [1, 1, 1] and [images(world), len(world.all(POD))] == [[image], 1]


async def test_the_node_gets_one_pod() -> None:
    async with world_with_node() as world:
        await create(world)
        await world.until(lambda: settled(world, "one"))
        (pod,) = world.all(POD)
        assert pod["spec"]["nodeName"] == "gatelab"
        assert pod["metadata"]["generateName"] == "agent-"
        (revision,) = world.all(CONTROLLER_REVISION)
        assert pod["metadata"]["labels"]["controller-revision-hash"] == revision["metadata"]["name"].removeprefix(
            "agent-"
        )
        await world.cluster.delete(POD, key_of(pod))
        await world.until(lambda: settled(world, "one") and key_of(world.all(POD)[0]) != key_of(pod))


@pytest.mark.parametrize("is_affine", [False, True])
async def test_a_node_that_is_not_selected_gets_none_until_it_is(is_affine: bool) -> None:
    async with world_with_node(disk="slow") as world:
        await create(world, pod=wants("disk", "In", "fast") if is_affine else {"nodeSelector": {"disk": "fast"}})
        await world.until(lambda: status(world).get("observedGeneration") == 1)
        assert status(world)["desiredNumberScheduled"] == 0
        await world.cluster.patch(NODE, Key("", "gatelab"), {"metadata": {"labels": {"disk": "fast"}}})
        await world.until(lambda: settled(world, "one"))
        await world.cluster.patch(NODE, Key("", "gatelab"), {"metadata": {"labels": {"disk": "slow"}}})
        await world.until(lambda: not world.all(POD) and status(world)["desiredNumberScheduled"] == 0)


async def test_an_update_waits_until_the_old_pod_is_gone() -> None:
    async with world_with_node() as world:
        await create(world)
        await world.until(lambda: settled(world, "one"))
        world.kubelet.hold = True
        await change(world, template=template_of("agent", "two"))
        await world.until(lambda: is_being_deleted(world.all(POD)[0]) and status(world)["observedGeneration"] == 2)
        (old,) = world.all(POD)
        world.kubelet.hold = False
        await world.cluster.delete(POD, key_of(old), grace_period_s=0)
        await world.until(lambda: settled(world, "two"))
        assert len(world.all(CONTROLLER_REVISION)) == 2


async def test_with_surge_the_old_pod_goes_when_the_new_one_is_available() -> None:
    async with world_with_node() as world:
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        await create(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await world.until(lambda: settled(world, "one"))
        world.checks.append(lambda seen: _one_is_ready(seen))
        await change(world, template=template_of("agent", "two"))
        await world.until(lambda: settled(world, "two"))


def _one_is_ready(world: World) -> None:
    assert any(is_ready(each) for each in world.all(POD))


async def test_on_delete_updates_what_is_deleted() -> None:
    async with world_with_node() as world:
        await create(world, updateStrategy={"type": "OnDelete"})
        await world.until(lambda: settled(world, "one"))
        await change(world, template=template_of("agent", "two"))
        await world.until(lambda: status(world)["observedGeneration"] == 2)
        assert images(world) == ["one"]
        await world.cluster.delete(POD, key_of(world.all(POD)[0]))
        await world.until(lambda: settled(world, "two"))


async def test_a_failed_pod_is_told_and_made_again() -> None:
    async with world_with_node() as world:
        await create(world)
        await world.until(lambda: settled(world, "one"))
        (pod,) = world.all(POD)
        await world.cluster.patch(POD, key_of(pod), {"status": {"phase": "Failed"}}, subresource="status")
        await world.until(lambda: any(each["reason"] == "FailedDaemonPod" for each in world.all(EVENT)))
        await world.until(lambda: settled(world, "one") and key_of(world.all(POD)[0]) != key_of(pod))


def node(**labels: str) -> dict[str, Any]:
    taints = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}] if "tainted" in labels else []
    return {"metadata": {"name": "gatelab", "labels": labels}, "spec": {"taints": taints}}


def affine(**term: Any) -> dict[str, Any]:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": required}}


def wants(key: str, operator: str, *values: str) -> dict[str, Any]:
    return affine(matchExpressions=[{"key": key, "operator": operator, "values": list(values)}])


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        ({"nodeSelector": {"disk": "fast"}}, True),
        ({"nodeSelector": {"disk": "fast", "other": "x"}}, False),
        (wants("disk", "In", "fast", "x"), True),
        (wants("disk", "NotIn", "fast"), False),
        (wants("disk", "Exists"), True),
        (wants("disk", "DoesNotExist"), False),
        (wants("cores", "Gt", "3"), True),
        (wants("cores", "Lt", "4"), False),
        (wants("disk", "Gt", "3"), False),
        (affine(matchFields=[{"key": "metadata.name", "operator": "In", "values": ["other"]}]), False),
        (affine(), False),
    ],
)
def test_which_nodes_are_selected(spec: dict[str, Any], expected: bool) -> None:
    assert fits(spec, node(disk="fast", cores="4")) is expected


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (None, False),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
    ],
)
def test_a_taint_keeps_out_what_does_not_tolerate_it(toleration: dict[str, str] | None, expected: bool) -> None:
    spec = {"tolerations": [toleration]} if toleration else {}
    assert fits(spec, node(tainted="")) is expected
    assert may_stay(spec, node(tainted=""))
