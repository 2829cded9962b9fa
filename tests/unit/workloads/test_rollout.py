"""The arithmetic of rollouts, and that it always ends and never leaves its bounds."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.views import view
from gatelab.workloads.rollout import Bounds, bounds, is_scaling, new_size, old_sizes, scaled_sizes


def deployment(replicas: int, surge: int | str = 1, unavailable: int | str = 1, before: int = 0) -> Deployment:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return view(Deployment, {"spec": {"replicas": replicas, "strategy": strategy}, "status": {"replicas": before}})


def replica_set(name: str, replicas: int, available: int | None = None, **annotations: str) -> ReplicaSet:
    metadata = {
        "name": name,
        "creationTimestamp": f"2026-01-01T00:00:0{len(name)}Z",
        "annotations": {f"deployment.kubernetes.io/{key}-replicas": value for key, value in annotations.items()},
    }
    status = {"replicas": replicas, "availableReplicas": replicas if available is None else available}
    return view(ReplicaSet, {"metadata": metadata, "spec": {"replicas": replicas}, "status": status})


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", Bounds(3, 2)),
        (1, "25%", "25%", Bounds(1, 0)),
        (5, 0, 0, Bounds(0, 1)),
        (5, 0, "10%", Bounds(0, 1)),
        (3, 2, 9, Bounds(2, 3)),
        (0, "25%", "25%", Bounds(0, 0)),
    ],
)
def test_percents_of_surge_round_up_and_of_unavailable_down(
    replicas: int, surge: int | str, unavailable: int | str, expected: Bounds
) -> None:
    assert bounds(deployment(replicas, surge, unavailable)) == expected


@pytest.mark.parametrize("value", ["a lot", "-5%", "5.5%", "%"])
def test_what_is_neither_number_nor_percent_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="percent"):
        bounds(deployment(5, value))


def test_unavailable_old_pods_go_first_and_cost_no_availability() -> None:
    old, new = replica_set("o", 5, available=3), replica_set("new", 1, available=0)
    assert old_sizes(deployment(5), [old], new) == {"o": 4}
    assert old_sizes(deployment(5), [replica_set("o", 5, 5)], replica_set("new", 1, 1)) == {"o": 3}
    assert old_sizes(deployment(5), [replica_set("o", 4, 4)], replica_set("new", 2, 0)) == {}


def test_scaling_is_seen_by_the_annotation() -> None:
    assert is_scaling(deployment(5), [replica_set("a", 3, desired="3")])
    assert not is_scaling(deployment(3), [replica_set("a", 3, desired="3")])
    assert not is_scaling(deployment(5), [replica_set("a", 0, desired="3")])


def test_a_single_replica_set_takes_the_whole_scale() -> None:
    assert scaled_sizes(deployment(9), [], replica_set("new", 3, desired="3")) == {"new": 9}
    assert scaled_sizes(deployment(0), [replica_set("o", 3)], None) == {"o": 0}
    assert scaled_sizes(deployment(2), [], None) == {}


def test_a_finished_rollout_drops_the_old_ones_when_it_is_scaled() -> None:
    old, new = replica_set("o", 1), replica_set("new", 4, desired="4")
    assert scaled_sizes(deployment(4), [old], new) == {"o": 0}


@given(st.integers(0, 20), st.integers(0, 12), st.integers(0, 12), st.integers(0, 5))
def test_a_scale_in_the_middle_comes_to_what_is_allowed(wanted: int, old: int, new: int, surge: int) -> None:
    subject = deployment(wanted, surge, 1, before=old + new)
    sets = [replica_set("o", old, most=""), replica_set("new", new, 0)]
    sizes = scaled_sizes(subject, sets[:1], sets[1])
    assert all(size >= 0 for size in sizes.values())
    if old and new:
        assert sum(sizes.values()) == (wanted + surge if wanted else 0)


@dataclass
class Simulated:
    """ReplicaSets whose pods come and go one step at a time, as the ReplicaSet controller would have it."""

    spec: dict[str, int]
    pods: dict[str, int] = field(default_factory=dict)
    available: dict[str, int] = field(default_factory=dict)

    def views(self) -> list[ReplicaSet]:
        return [
            view(
                ReplicaSet,
                {
                    "metadata": {"name": name},
                    "spec": {"replicas": size},
                    "status": {"replicas": self.pods[name], "availableReplicas": self.available[name]},
                },
            )
            for name, size in self.spec.items()
        ]

    def act(self, name: str) -> None:
        """One thing happens to the pods: deletion, creation, or one becomes available."""
        if self.pods[name] > self.spec[name]:
            if self.available[name] == self.pods[name]:
                self.available[name] -= 1
            self.pods[name] -= 1
        elif self.pods[name] < self.spec[name]:
            self.pods[name] += 1
        elif self.available[name] < self.pods[name]:
            self.available[name] += 1


@given(
    wanted=st.integers(0, 9),
    surge=st.integers(0, 4),
    unavailable=st.integers(0, 4),
    schedule=st.lists(st.sampled_from(["a", "b", "c", "controller"]), max_size=80),
    new=st.sampled_from("abc"),
)
def test_a_rollout_ends_and_never_leaves_its_bounds(
    wanted: int, surge: int, unavailable: int, schedule: list[str], new: str
) -> None:
    subject = deployment(wanted, surge, unavailable)
    limits = bounds(subject)
    world = Simulated({"a": wanted, "b": 0, "c": 0}, {"a": wanted, "b": 0, "c": 0}, {"a": wanted, "b": 0, "c": 0})
    for actor in schedule + ["controller", "a", "b", "c"] * 120:
        if actor == "controller":
            step(subject, world, new)
        else:
            world.act(actor)
        assert sum(world.pods.values()) <= wanted + limits.surge
        assert sum(world.available.values()) >= wanted - limits.unavailable
    assert world.available == {name: wanted if name == new else 0 for name in "abc"}


def step(subject: Deployment, world: Simulated, new: str) -> None:
    everything = world.views()
    newest = next(each for each in everything if each.metadata.name == new)
    size = new_size(subject, everything, newest)
    if size != newest.spec.replicas:
        world.spec[new] = size
    else:
        world.spec |= old_sizes(subject, [each for each in everything if each is not newest], newest)
