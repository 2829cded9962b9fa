"""Deployments on the embedded cluster: what is created, scaled, rolled out, rolled back, and survived."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gatelab.kinds.builtin import DEPLOYMENT, EVENT, POD, REPLICA_SET
from gatelab.kinds.errors import Forbidden
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.workloads import controllers
from small_cluster import World, small_cluster, template_of

REVISION = "deployment.kubernetes.io/revision"


def status(world: World, name: str = "web") -> dict[str, Any]:
    return dict(world.get(DEPLOYMENT, name).get("status", {}))


def reason(world: World, type_: str = "Progressing") -> str | None:
    conditions = status(world).get("conditions", ())
    return next((each["reason"] for each in conditions if each["type"] == type_), None)


def is_rolled_out(world: World, replicas: int) -> Callable[[], bool]:
    """What `kubectl rollout status` waits for."""

    def claim() -> bool:
        obj, found = world.get(DEPLOYMENT, "web"), status(world)
        counts = [found.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
        is_observed = found.get("observedGeneration") == obj["metadata"]["generation"]
        return is_observed and counts == [replicas] * 4 and reason(world) == "NewReplicaSetAvailable"

    return claim


def images(pods: Sequence[Object]) -> set[str]:
    return {each["spec"]["containers"][0]["image"] for each in pods}


def sizes(world: World) -> list[int]:
    return sorted(each["spec"]["replicas"] for each in world.all(REPLICA_SET))


async def test_creation_ends_in_ready_pods_with_kubernetes_names() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(replicas=3)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 3)())
        (replica_set,) = world.all(REPLICA_SET)
        template_hash = replica_set["metadata"]["labels"]["pod-template-hash"]
        assert replica_set["metadata"]["name"] == f"web-{template_hash}"
        assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": template_hash}
        assert replica_set["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] == "3"
        assert world.get(DEPLOYMENT, "web")["metadata"]["annotations"][REVISION] == "1"
        for pod in world.all(POD):
            assert pod["metadata"]["name"].rpartition("-")[0] == f"web-{template_hash}"
            assert len(pod["metadata"]["name"].rpartition("-")[2]) == 5
            assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]
            assert pod["spec"]["nodeName"] == "gatelab"
        await world.until(lambda: len(world.all(EVENT)) == 7)
        reasons = sorted(each["reason"] for each in world.all(EVENT))
        assert reasons == ["ScalingReplicaSet", *["Scheduled"] * 3, *["SuccessfulCreate"] * 3]


async def test_scaling_down_and_up_never_makes_more_than_wanted() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy()
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 5)())
        most = 5

        def never_more(seen: World) -> None:
            assert len(seen.active_pods()) <= most

        world.checks.append(never_more)
        await world.change(replicas=2)
        await world.until(is_rolled_out(world, 2))
        await world.until(lambda: len(world.all(POD)) == 2)
        most = 8
        await world.change(replicas=8)
        await world.until(is_rolled_out(world, 8))
        assert len(world.active_pods()) == 8
        await world.change(replicas=0)
        await world.until(lambda: not world.all(POD))
        assert len(world.all(REPLICA_SET)) == 1


@pytest.mark.parametrize(
    ("surge", "unavailable", "most", "least"),
    [(1, 1, 6, 4), (2, 0, 7, 5), (0, 1, 5, 4), ("25%", "25%", 7, 4), ("100%", 0, 10, 5), (0, "0%", 5, 4)],
)
async def test_a_rolling_update_keeps_its_bounds(
    surge: int | str, unavailable: int | str, most: int, least: int
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(strategy=strategy)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 5)())
        seen_at_once: set[frozenset[str]] = set()

        def within_bounds(seen: World) -> None:
            seen_at_once.add(frozenset(images(seen.active_pods())))
            assert len(seen.active_pods()) <= most
            assert len(seen.ready_pods()) >= least

        world.checks.append(within_bounds)
        await world.change(template=template_of("web", "two"))
        await world.until(lambda: is_rolled_out(world, 5)() and images(world.all(POD)) == {"two"})
        assert frozenset({"one", "two"}) in seen_at_once, "it did roll"
        assert sizes(world) == [0, 5]
        assert world.get(DEPLOYMENT, "web")["metadata"]["annotations"][REVISION] == "2"


async def test_a_rollback_takes_up_the_old_replica_set() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy()
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 5)())
        (first,) = world.all(REPLICA_SET)
        await world.change(template=template_of("web", "never-ready"))
        await world.until(lambda: reason(world) == "ReplicaSetUpdated" and len(world.active_pods()) == 6)
        assert len(world.ready_pods()) == 4

        def never_fewer(seen: World) -> None:
            assert len(seen.ready_pods()) >= 4

        world.checks.append(never_fewer)
        await world.change(template=template_of("web", "one"))
        await world.until(lambda: is_rolled_out(world, 5)() and images(world.all(POD)) == {"one"})
        annotations = world.get(REPLICA_SET, first["metadata"]["name"])["metadata"]["annotations"]
        assert annotations[REVISION] == "3"
        assert annotations["deployment.kubernetes.io/revision-history"] == "1"
        assert len(world.all(REPLICA_SET)) == 2


async def test_controllers_that_start_midway_go_on_without_doubling() -> None:
    async with small_cluster() as world:

        def never_more(seen: World) -> None:
            assert len(seen.active_pods()) <= 7

        world.checks.append(never_more)
        async with world.controlled(controllers(world.cluster)):
            await world.deploy()
            await world.until(lambda: len(world.all(POD)) >= 1)
        async with world.controlled(controllers(world.cluster)):
            await world.until(is_rolled_out(world, 5))
            await world.change(template=template_of("web", "two"))
            await world.until(lambda: "two" in images(world.active_pods()))
        async with world.controlled(controllers(world.cluster)):
            await world.until(lambda: is_rolled_out(world, 5)() and images(world.all(POD)) == {"two"})
        assert sizes(world) == [0, 5]


async def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(strategy={"type": "Recreate"}, replicas=3)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 3)())

        def never_both(seen: World) -> None:
            assert len(images(seen.all(POD))) <= 1

        world.checks.append(never_both)
        world.kubelet.hold = True
        await world.change(template=template_of("web", "two"))
        await world.until(lambda: not world.active_pods() and "replicas" not in status(world))
        old = [key_of(each) for each in world.all(POD)]
        assert len(old) == 3, "still terminating"
        world.kubelet.hold = False
        for key in old:
            await world.cluster.delete(POD, key, grace_period_s=0)
        await world.until(lambda: is_rolled_out(world, 3)() and images(world.all(POD)) == {"two"})


async def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(replicas=2)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 2)())
        await world.change(paused=True, template=template_of("web", "two"), replicas=4)
        await world.until(lambda: len(world.ready_pods()) == 4 and reason(world) == "DeploymentPaused")
        assert images(world.all(POD)) == {"one"}
        await world.change(paused=False)
        await world.until(lambda: is_rolled_out(world, 4)() and images(world.all(POD)) == {"two"})


async def test_scaling_in_the_middle_of_a_rollout_is_proportional() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(replicas=8)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 8)())
        await world.change(template=template_of("web", "never-ready"))
        await world.until(lambda: sizes(world) == [4, 6])
        await world.change(replicas=16)
        await world.until(lambda: sum(sizes(world)) == 20 and len(world.active_pods()) == 20)
        assert sizes(world) == [8, 12]
        await world.change(template=template_of("web", "two"))
        await world.until(is_rolled_out(world, 16))


async def test_old_replica_sets_beyond_the_history_limit_go() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(replicas=1, revisionHistoryLimit=1)
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 1)())
        for image in ("two", "three"):
            await world.change(template=template_of("web", image))
            await world.until(lambda image=image: is_rolled_out(world, 1)() and images(world.all(POD)) == {image})  # type: ignore[misc]
        await world.until(lambda: len(world.all(REPLICA_SET)) == 2)
        assert sorted(each["metadata"]["annotations"][REVISION] for each in world.all(REPLICA_SET)) == ["2", "3"]


async def test_a_rollout_without_progress_is_said_to_exceed_its_deadline() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(image="never-ready", replicas=1, progressDeadlineSeconds=0)
        await world.until(
            lambda: Key("n", "web") in world.state[DEPLOYMENT] and reason(world) == "ProgressDeadlineExceeded"
        )
        assert reason(world, "Available") == "MinimumReplicasUnavailable"


async def test_pods_are_available_only_after_min_ready_seconds() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(replicas=1, minReadySeconds=2)
        await world.until(lambda: bool(world.state[DEPLOYMENT]) and status(world).get("readyReplicas") == 1)
        assert status(world).get("availableReplicas") is None
        await world.until(is_rolled_out(world, 1))


async def test_deleting_the_deployment_takes_everything_with_it() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy()
        await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 5)())
        await world.cluster.delete(DEPLOYMENT, Key("n", "web"))
        await world.until(lambda: not world.all(POD) and not world.all(REPLICA_SET))


async def test_a_deployment_adopts_the_replica_set_that_it_selects() -> None:
    async with small_cluster() as world:
        async with world.controlled(controllers(world.cluster)):
            await world.deploy(replicas=2)
            await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT] and is_rolled_out(world, 2)())
            pods = {key_of(each) for each in world.all(POD)}
        await world.cluster.delete(DEPLOYMENT, Key("n", "web"), propagation="Orphan")
        await world.deploy(replicas=2)
        async with world.controlled(controllers(world.cluster)):
            await world.until(is_rolled_out(world, 2))
        assert {key_of(each) for each in world.all(POD)} == pods


async def test_a_strategy_that_cannot_be_read_is_told_by_an_event() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster)):
        await world.deploy(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "a lot"}})
        await world.until(lambda: bool(world.all(EVENT)))
        (event,) = world.all(EVENT)
        assert event["reason"] == "InvalidStrategy"
        assert "'a lot'" in event["message"]


async def test_a_failure_to_create_pods_is_a_condition_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_cluster() as world:
        create, is_refusing = world.cluster.create, True

        async def refuse(kind: Kind, obj: Object) -> Object:
            if kind == POD and is_refusing:
                raise Forbidden("quota is used up")
            return await create(kind, obj)

        monkeypatch.setattr(world.cluster, "create", refuse)
        async with world.controlled(controllers(world.cluster)):
            await world.deploy(replicas=1)
            await world.until(lambda: Key("n", "web") in world.state[DEPLOYMENT])
            await world.until(lambda: reason(world, "ReplicaFailure") == "FailedCreate")
            is_refusing = False
            await world.until(is_rolled_out(world, 1))
            await world.until(lambda: reason(world, "ReplicaFailure") is None)
