"""The arithmetic of a rollout: how many replicas each ReplicaSet of a Deployment should have next.

Pure. The rules are those of Kubernetes' deployment controller, but stricter in one point: a pod counts until its
ReplicaSet's status says that it is gone, so that old pods and new ones never exceed `replicas + maxSurge` together, not
even for the moment between two controllers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatelab.kinds.apps import Deployment, ReplicaSet

DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"

Sizes = Mapping[str, int]
"""Replicas wanted, by name of ReplicaSet; those not named keep theirs."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a rollout may go from `replicas`, in pods."""

    surge: int
    unavailable: int


def bounds(deployment: Deployment) -> Bounds:
    """maxSurge and maxUnavailable in pods: percents of surge round up, of unavailable down, and not both are 0.

    Raises ValueError for what is neither a number nor a percent.
    """
    if deployment.spec.strategy.type != "RollingUpdate":
        return Bounds(0, 0)
    update, replicas = deployment.spec.strategy.rolling_update, deployment.spec.replicas
    surge = math.ceil(_pods(update.max_surge, replicas))
    unavailable = math.floor(_pods(update.max_unavailable, replicas))
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge, min(unavailable, replicas))


def _pods(value: int | str, replicas: int) -> float:
    if isinstance(value, int):
        return value
    if value.endswith("%") and value[:-1].isdecimal():
        return int(value[:-1]) * replicas / 100
    if value.isdecimal():
        return int(value)
    raise ValueError(f"{value!r} is neither a number of pods nor a percent such as 25%")


def most_replicas(deployment: Deployment) -> int:
    """How many pods there may be at a time."""
    return deployment.spec.replicas + bounds(deployment).surge


def least_available(deployment: Deployment) -> int:
    """How many pods must be available all the time."""
    return deployment.spec.replicas - bounds(deployment).unavailable


def new_size(deployment: Deployment, everything: Sequence[ReplicaSet], new: ReplicaSet | None) -> int:
    """The next size of the ReplicaSet of the present template, which may still have to be created."""
    wanted, present = deployment.spec.replicas, new.spec.replicas if new else 0
    if present >= wanted or deployment.spec.strategy.type != "RollingUpdate":
        return wanted
    room = most_replicas(deployment) - sum(max(each.spec.replicas, each.status.replicas) for each in everything)
    return present + max(0, min(room, wanted - present))


def old_sizes(deployment: Deployment, old: Sequence[ReplicaSet], new: ReplicaSet) -> Sizes:
    """The next sizes of the other ReplicaSets: first what is not available goes, then what availability allows."""
    everything = [*old, new]
    new_unavailable = max(0, new.spec.replicas - new.status.available_replicas)
    spare = sum(each.spec.replicas for each in everything) - least_available(deployment) - new_unavailable
    sizes = {each.metadata.name: each.spec.replicas for each in old}
    if spare <= 0 or not any(sizes.values()):
        return {}
    _take(
        sizes, spare, {each.metadata.name: each.spec.replicas - each.status.available_replicas for each in _by_age(old)}
    )
    available = sum(min(each.spec.replicas, each.status.available_replicas) for each in everything)
    _take(
        sizes,
        available - least_available(deployment),
        {each.metadata.name: sizes[each.metadata.name] for each in _by_age(old)},
    )
    return {
        each.metadata.name: sizes[each.metadata.name] for each in old if sizes[each.metadata.name] != each.spec.replicas
    }


def _take(sizes: dict[str, int], most: int, offered: Sizes) -> None:
    for name, count in offered.items():
        taken = max(0, min(most, count, sizes[name]))
        sizes[name] -= taken
        most -= taken


def scaled_sizes(deployment: Deployment, old: Sequence[ReplicaSet], new: ReplicaSet | None) -> Sizes:
    """The sizes after `replicas` changed: in the middle of a rollout each ReplicaSet gets its proportion.

    Empty where the rollout itself brings the new number.
    """
    everything = [*old, new] if new else list(old)
    wanted = deployment.spec.replicas
    active = [each for each in everything if each.spec.replicas > 0]
    if len(active) <= 1:
        only = active[0] if active else new or (_by_age(old)[-1] if old else None)
        return {only.metadata.name: wanted} if only else {}
    if new and _is_saturated(deployment, new):
        return {each.metadata.name: 0 for each in old if each.spec.replicas > 0}
    if deployment.spec.strategy.type != "RollingUpdate":
        return {}
    return _proportional(deployment, active)


def _is_saturated(deployment: Deployment, new: ReplicaSet) -> bool:
    wanted = deployment.spec.replicas
    counts = (new.spec.replicas, new.status.available_replicas, desired_of(new))
    return all(count == wanted for count in counts)


def _proportional(deployment: Deployment, active: Sequence[ReplicaSet]) -> Sizes:
    allowed = most_replicas(deployment) if deployment.spec.replicas else 0
    left = allowed - sum(each.spec.replicas for each in active)
    newest_first = list(reversed(_by_age(active))) if left > 0 else _by_age(active)
    ordered = sorted(newest_first, key=lambda each: -each.spec.replicas)
    sizes = {}
    for each in ordered:
        share = _share(deployment, each)
        change = max(0, min(share, left)) if left >= 0 else min(0, max(share, left))
        left -= change
        sizes[each.metadata.name] = each.spec.replicas + change
    first = ordered[0].metadata.name
    sizes[first] = max(0, sizes[first] + left)
    return sizes


def _share(deployment: Deployment, replica_set: ReplicaSet) -> int:
    if deployment.spec.replicas == 0:
        return -replica_set.spec.replicas
    before = _number(replica_set, MOST) or deployment.status.replicas or replica_set.spec.replicas
    return round(replica_set.spec.replicas * most_replicas(deployment) / before) - replica_set.spec.replicas


def is_scaling(deployment: Deployment, everything: Sequence[ReplicaSet]) -> bool:
    """Whether `replicas` has changed since some active ReplicaSet was sized."""
    known = (desired_of(each) for each in everything if each.spec.replicas > 0)
    return any(each is not None and each != deployment.spec.replicas for each in known)


def desired_of(replica_set: ReplicaSet) -> int | None:
    """The Deployment's `replicas` at the time when this ReplicaSet was last sized."""
    return _number(replica_set, DESIRED)


def _number(replica_set: ReplicaSet, annotation: str) -> int | None:
    text = replica_set.metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() else None


def _by_age(replica_sets: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    return sorted(replica_sets, key=lambda each: (each.metadata.creation_timestamp, each.metadata.name))
