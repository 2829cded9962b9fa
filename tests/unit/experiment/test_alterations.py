"""What a matrix changes in a cluster is what it puts back."""

from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.alterations import Alterations
from gatelab.experiment.replicas import put_back_left_over
from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, GATEWAY, POD, SERVICE
from gatelab.kinds.errors import Forbidden
from gatelab.kinds.objects import Key

SHOP = Experiment(experiment="shop", target="shop.test:443", service="shop/till:80", proto="p", call="c")
TILL, FRONT = Key("shop", "till"), Key("shop", "front")
LABELS = {"app": "till"}


class Shop(FakeCluster):
    """A Service with a Deployment behind it and a Gateway before it, whose status follows at once."""

    def __init__(self, *, status: str = "True", port: str = "ready", behind: int = 0) -> None:
        super().__init__()
        self.behind = behind
        self.status = status
        self.generation = 1
        self.port = port

    async def filled(self, infrastructure: dict[str, Any] | None = None) -> "Shop":
        metadata = {"namespace": "shop", "name": "till"}
        template = {"metadata": {"labels": LABELS}}
        await self.create(SERVICE, {"metadata": metadata, "spec": {"selector": LABELS, "ports": [{"port": 80}]}})
        await self.create(DEPLOYMENT, {"metadata": metadata, "spec": {"replicas": 5, "template": template}})
        spec: dict[str, Any] = {"gatewayClassName": "gatelab"}
        spec |= {"infrastructure": infrastructure} if infrastructure is not None else {}
        await self.create(GATEWAY, {"metadata": {"namespace": "shop", "name": "front"}, "spec": spec})
        containers = [{"ports": [{"name": self.port, "containerPort": 1}]}]
        await self.create(POD, {"metadata": {"namespace": "shop", "name": "e"}, "spec": {"containers": containers}})
        return self

    async def patch(self, kind: Any, key: Key, patch: dict[str, Any], **others: Any) -> Any:
        if kind == GATEWAY:
            self.generation += 1
            conditions = [
                {"type": type_, "status": self.status, "observedGeneration": self.generation - self.behind}
                | {"message": "no such key"}
                for type_ in ("Accepted", "Programmed")
            ]
            metadata = {"metadata": {"generation": self.generation}}
            patch = {**patch, **metadata, "status": {"conditions": conditions}}
        return await super().patch(kind, key, patch, **others)

    def spec(self, kind: Any, key: Key) -> Any:
        return self.objects[kind][key]["spec"]


async def test_replicas_are_put_back() -> None:
    shop = await Shop().filled()
    changed = Alterations(shop, lambda _: None)
    await changed.replicas(SHOP, 2)
    assert shop.spec(DEPLOYMENT, TILL)["replicas"] == 2
    await changed.replicas(SHOP, 5)
    assert shop.spec(DEPLOYMENT, TILL)["replicas"] == 5
    await changed.replicas(SHOP, 3)
    assert await changed.undo() == ()
    assert shop.spec(DEPLOYMENT, TILL)["replicas"] == 5
    before = shop.version
    assert await changed.undo() == ()
    assert shop.version == before, "once"


def recorded(shop: Shop) -> str | None:
    annotations: dict[str, str] = shop.objects[DEPLOYMENT][TILL]["metadata"].get("annotations") or {}
    return annotations.get("gatelab.dev/replicas-before")


async def test_what_a_killed_run_altered_the_next_puts_back() -> None:
    shop = await Shop().filled()
    killed = Alterations(shop, lambda _: None)
    for wanted, record in ((2, "5"), (3, "5"), (5, None), (2, "5")):
        await killed.replicas(SHOP, wanted)
        assert recorded(shop) == record
    said: list[str] = []
    await put_back_left_over(SHOP, shop, said.append)
    assert said == ["Deployment shop/till has 2 replicas of an experiment that was killed: it gets its 5 back"]
    assert (shop.spec(DEPLOYMENT, TILL)["replicas"], recorded(shop)) == (5, None)
    before = shop.version
    await put_back_left_over(SHOP, shop, said.append)
    assert shop.version == before, "once"


async def test_what_cannot_be_put_back_at_the_start_says_how() -> None:
    shop = await Shop().filled()
    await Alterations(shop, lambda _: None).replicas(SHOP, 2)
    shop.refuse = Forbidden("not you")
    undo = "kubectl -n shop scale deployment till --replicas=5 && kubectl -n shop annotate deployment till "
    with pytest.raises(CouldNotRun, match=f"not you; {undo}gatelab.dev/replicas-before-"):
        await put_back_left_over(SHOP, shop, lambda _: None)
    shop.refuse = None
    await shop.patch(DEPLOYMENT, TILL, {"metadata": {"annotations": {"gatelab.dev/replicas-before": "five"}}})
    with pytest.raises(CouldNotRun, match="is 'five', which is no number: take it away"):
        await put_back_left_over(SHOP, shop, lambda _: None)


async def test_without_a_service_nothing_is_left_over() -> None:
    await put_back_left_over(SHOP, FakeCluster(), lambda _: None)


async def test_replicas_of_no_one_deployment_cannot_be_changed() -> None:
    shop = await Shop().filled()
    del shop.objects[DEPLOYMENT][TILL]
    with pytest.raises(CouldNotRun, match="not one Deployment is behind Service shop/till:80, but none"):
        await Alterations(shop, lambda _: None).replicas(SHOP, 2)
    del shop.objects[SERVICE][TILL]
    with pytest.raises(CouldNotRun, match="there is no Service till in namespace shop"):
        await Alterations(shop, lambda _: None).replicas(SHOP, 2)


@pytest.mark.parametrize(
    "infrastructure",
    [None, {"labels": {"a": "b"}}, {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "tuning"}}],
)
async def test_a_policy_is_added_to_the_parameters_and_taken_back(infrastructure: dict[str, Any] | None) -> None:
    shop = await Shop().filled(infrastructure)
    tuning = {"metadata": {"namespace": "shop", "name": "tuning"}, "data": {"workers": "2"}}
    await shop.create(CONFIG_MAP, tuning)
    before = shop.spec(GATEWAY, FRONT)
    changed = Alterations(shop, lambda _: None)
    for policy in ("least_request", "random", "random"):
        await changed.policy(FRONT, policy)
    reference = shop.spec(GATEWAY, FRONT)["infrastructure"]["parametersRef"]
    data = shop.objects[CONFIG_MAP][Key("shop", reference["name"])]["data"]
    kept = {"workers": "2"} if infrastructure and "parametersRef" in infrastructure else {}
    assert data == {**kept, "loadBalancing.policy": "random"}
    assert await changed.undo() == ()
    assert shop.spec(GATEWAY, FRONT) == before
    assert [*shop.objects[CONFIG_MAP]] == [Key("shop", "tuning")]


async def test_other_controllers_gateways_are_left_alone() -> None:
    shop = await Shop(port="http").filled()
    before = shop.version
    with pytest.raises(CouldNotRun, match="shop/front is served by another controller than gatelab's"):
        await Alterations(shop, lambda _: None).policy(FRONT, "random")
    assert shop.version == before


async def test_a_policy_that_is_refused_says_why_and_is_taken_back() -> None:
    shop = await Shop(status="False").filled()
    changed = Alterations(shop, lambda _: None)
    with pytest.raises(CouldNotRun, match="policy maglev: Gateway shop/front refuses it: no such key"):
        await changed.policy(FRONT, "maglev")
    assert await changed.undo() == ()
    assert "infrastructure" not in shop.spec(GATEWAY, FRONT)
    assert shop.objects[CONFIG_MAP] == {}


async def test_a_policy_that_never_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelab.experiment.matrix.alterations.PROGRAMMED_TIMEOUT_S", 0.05)
    shop = await Shop(status="Unknown").filled()
    with pytest.raises(CouldNotRun, match=r"is not programmed after 0\.05 s: no such key"):
        await Alterations(shop, lambda _: None).policy(FRONT, "random")


@pytest.mark.parametrize("status", ["True", "False"])
async def test_what_a_status_says_of_an_earlier_generation_does_not_count(
    status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelab.experiment.matrix.alterations.PROGRAMMED_TIMEOUT_S", 0.05)
    shop = await Shop(status=status, behind=1).filled()
    with pytest.raises(CouldNotRun, match=r"is not programmed after 0\.05 s: its status says nothing of the change"):
        await Alterations(shop, lambda _: None).policy(FRONT, "random")


async def test_leftovers_of_a_run_that_was_killed_are_named() -> None:
    name = "gatelab-experiment-front-random"
    shop = await Shop().filled({"parametersRef": {"group": "", "kind": "ConfigMap", "name": name}})
    with pytest.raises(CouldNotRun, match=f"put spec.infrastructure.parametersRef back .* and delete ConfigMap {name}"):
        await Alterations(shop, lambda _: None).policy(FRONT, "random")


async def test_what_cannot_be_put_back_is_said() -> None:
    shop = await Shop().filled()
    changed = Alterations(shop, lambda _: None)
    await changed.replicas(SHOP, 2)
    shop.refuse = Forbidden("not you")
    assert await changed.undo() == ("Deployment shop/till keeps 2 replicas, it had 5: not you",)
