"""A StatefulSet through any sequence of scaling, updates and failures of pods, on the plan alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.apps import StatefulSet
from gatelab.kinds.views import view
from gatelab.workloads.controller_revisions import HASH
from gatelab.workloads.ordinals import Member, is_of_current_revision, member, ordinals, plan

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Fake:
    revision: str
    is_ready: bool = False
    is_terminating: bool = False
    phase: str = "Running"

    def object(self, ordinal: int) -> dict[str, Any]:
        conditions = [{"type": "Ready", "status": str(self.is_ready)}]
        ending = {"deletionTimestamp": "2026-01-02T00:00:00Z"} if self.is_terminating else {}
        labels = {HASH: self.revision}
        return {
            "metadata": {"name": f"web-{ordinal}", "labels": labels, **ending},
            "status": {"phase": self.phase, "conditions": conditions},
        }


@dataclass
class Model:
    """The set, its pods, and what its controller would do to them at once."""

    policy: str
    replicas: int = 3
    start: int = 0
    partition: int = 0
    most: int | None = None
    current: str = "r0"
    update: str = "r0"

    def __post_init__(self) -> None:
        self.pods: dict[int, Fake] = {}

    def typed(self) -> StatefulSet:
        rolling = {"partition": self.partition, "maxUnavailable": self.most}
        spec = {
            "replicas": self.replicas,
            "ordinals": {"start": self.start},
            "podManagementPolicy": self.policy,
            "updateStrategy": {"rollingUpdate": rolling},
        }
        return view(StatefulSet, {"metadata": {"name": "web"}, "spec": spec})

    def members(self) -> list[Member]:
        return [member(self.typed(), pod.object(ordinal), NOW) for ordinal, pod in self.pods.items()]

    def reconcile(self) -> None:
        typed = self.typed()
        made = plan(typed, self.members(), self.update)
        for ordinal in made.create:
            if self.policy == "OrderedReady":
                below = [self.pods.get(each) for each in ordinals(typed) if each < ordinal]
                assert all(each and each.is_ready and not each.is_terminating for each in below)
            assert ordinal not in self.pods
            assert ordinal in ordinals(typed)
            self.pods[ordinal] = Fake(self.current if is_of_current_revision(typed, ordinal) else self.update)
        assert self.policy == "Parallel" or self.most or len(made.create) + len(made.delete) <= 1
        for each in made.delete:
            assert not self.pods[each.ordinal].is_terminating
            self.pods[each.ordinal].is_terminating = True

    def kubelet(self, ordinal: int) -> None:
        """The pod gets on: it is gone, or ready."""
        pod = self.pods.get(ordinal)
        if pod is not None and pod.is_terminating:
            del self.pods[ordinal]
        elif pod is not None and pod.phase == "Running":
            pod.is_ready = True

    def fail(self, ordinal: int, is_final: bool) -> None:
        if pod := self.pods.get(ordinal):
            pod.is_ready = False
            pod.phase = "Failed" if is_final else pod.phase

    def settle(self) -> None:
        for _ in range(60):
            self.reconcile()
            for ordinal in list(self.pods):
                self.kubelet(ordinal)


STEPS = st.one_of(
    st.tuples(st.just("scale"), st.integers(0, 5)),
    st.tuples(st.just("update"), st.integers(1, 3)),
    st.tuples(st.just("partition"), st.integers(0, 4)),
    st.tuples(st.just("start"), st.integers(0, 3)),
    st.tuples(st.just("unready"), st.integers(0, 6)),
    st.tuples(st.just("fail"), st.integers(0, 6)),
    st.tuples(st.just("kubelet"), st.integers(0, 6)),
)


def step(model: Model, name: str, value: int) -> None:
    match name:
        case "scale":
            model.replicas = value
        case "update":
            model.update = f"r{value}"
        case "partition":
            model.partition = value
        case "start":
            model.start = value
        case "kubelet":
            model.kubelet(value)
        case _:
            model.fail(value, name == "fail")
    model.reconcile()


@given(
    policy=st.sampled_from(["OrderedReady", "Parallel"]),
    most=st.sampled_from([None, 1, 2]),
    steps=st.lists(STEPS, max_size=30),
)
def test_order_is_kept_and_the_wanted_state_reached(
    policy: str, most: int | None, steps: list[tuple[str, int]]
) -> None:
    model = Model(policy, most=most)
    for name, value in steps:
        step(model, name, value)
    model.settle()
    wanted = ordinals(model.typed())
    assert sorted(model.pods) == list(wanted)
    assert all(each.is_ready and not each.is_terminating for each in model.pods.values())
    updated = [model.pods[each].revision == model.update for each in wanted if each >= wanted.start + model.partition]
    assert all(updated)
