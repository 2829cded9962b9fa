"""Pods that ask for something of the node, on the embedded cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatelab.kinds.builtin import DEPLOYMENT, EVENT, NODE, POD, STATEFUL_SET
from gatelab.kinds.conditions import condition
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.workloads import controllers
from gatelab.workloads.node_fit import why_not
from small_cluster import World, small_cluster, template_of

HERE = Key("", "gatelab")
_NO_PREEMPTION = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)


def refusal(reason: str) -> str:
    return f"0/1 nodes are available: 1 {reason}. {_NO_PREEMPTION}"


NOT_SELECTED = refusal("node(s) didn't match Pod's node affinity/selector")


@asynccontextmanager
async def world_with_node(**spec: Any) -> AsyncIterator[World]:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.cluster.create(NODE, {"metadata": {"name": "gatelab"}, "spec": spec})
        await world.until(lambda: bool(world.all(NODE)))
        yield world


async def create_pod(world: World, **spec: Any) -> None:
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {**template_of("p", "i")["spec"], **spec}}
    await world.cluster.create(POD, with_defaults(POD, pod))


def waits(world: World, message: str) -> bool:
    """Whether the only pod waits for that reason."""
    found = [_scheduled(each) for each in world.all(POD) if not each["spec"].get("nodeName")]
    return [(each or {}).get("message") for each in found] == [message]


def is_bound(world: World) -> bool:
    found = world.all(POD)
    return bool(found) and all(
        each["spec"].get("nodeName") == "gatelab" and (_scheduled(each) or {}).get("status") == "True" for each in found
    )


def _scheduled(pod: Object) -> Any:
    return condition(pod.get("status", {}).get("conditions") or (), "PodScheduled")


def told(world: World) -> list[tuple[str, int]]:
    found = [each for each in world.all(EVENT) if each["reason"] == "FailedScheduling"]
    return [(each["message"], each.get("count", 1)) for each in found]


async def test_a_pod_waits_until_the_node_has_the_label() -> None:
    async with world_with_node() as world:
        await create_pod(world, nodeSelector={"disk": "fast"})
        await world.until(lambda: waits(world, NOT_SELECTED) and told(world) == [(NOT_SELECTED, 1)])
        (pod,) = world.all(POD)
        assert pod["status"]["phase"] == "Pending"
        assert _scheduled(pod)["reason"] == "Unschedulable"
        await world.cluster.patch(NODE, HERE, {"metadata": {"labels": {"disk": "fast"}}})
        await world.until(lambda: is_bound(world))
        assert told(world) == [(NOT_SELECTED, 1)]


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET], ids=str)
async def test_pods_of_workloads_wait_too(kind: Kind) -> None:
    async with world_with_node(unschedulable=True) as world:
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "w"}}, "template": template_of("w", "i")}
        named = {"metadata": {"name": "w", "namespace": "n"}, "spec": {**spec, "serviceName": "w"}}
        if kind is DEPLOYMENT:
            del named["spec"]["serviceName"]  # type: ignore[attr-defined]
        await world.cluster.create(kind, with_defaults(kind, named))
        await world.until(lambda: waits(world, refusal("node(s) were unschedulable")))
        await world.cluster.patch(NODE, HERE, {"spec": {"unschedulable": False}})
        await world.until(lambda: is_bound(world))


async def test_the_reason_follows_the_node() -> None:
    async with world_with_node(taints=[{"key": "a", "effect": "NoSchedule"}]) as world:
        await create_pod(world, nodeSelector={"disk": "fast"})
        await world.until(lambda: waits(world, refusal("node(s) had untolerated taint(s)")))
        await world.cluster.patch(NODE, HERE, {"spec": {"taints": []}})
        await world.until(lambda: waits(world, NOT_SELECTED))


TAINTED = {"metadata": {"name": "gatelab"}, "spec": {"taints": [{"key": "a", "value": "1", "effect": "NoSchedule"}]}}
CORDONED = {"metadata": {"name": "gatelab"}, "spec": {"unschedulable": True}}


@pytest.mark.parametrize(
    ("spec", "node", "fits"),
    [
        ({}, None, True),
        ({"nodeSelector": {"a": "b"}}, None, False),
        ({}, TAINTED, False),
        ({"tolerations": [{"key": "a", "operator": "Exists"}]}, TAINTED, True),
        ({"tolerations": [{"key": "a", "value": "2"}]}, TAINTED, False),
        ({}, CORDONED, False),
        ({"tolerations": [{"operator": "Exists"}]}, CORDONED, True),
    ],
)
def test_which_pods_fit(spec: dict[str, Any], node: Any, fits: bool) -> None:
    assert (why_not(spec, node) is None) is fits
