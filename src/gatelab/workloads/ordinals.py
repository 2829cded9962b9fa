"""What a StatefulSet does next: which of its numbered pods to create and which to delete. Pure.

The rules are those of Kubernetes' `defaultStatefulSetControl`. With OrderedReady nothing happens to a pod before all
pods of lower ordinals are available, and pods go from the highest ordinal down, one at a time; Parallel does what is
missing or superfluous at once. Updates go from the highest ordinal down in both, one at a time or `maxUnavailable`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatelab.kinds.apps import StatefulSet
from gatelab.kinds.objects import Object
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.workloads.controller_revisions import HASH
from gatelab.workloads.pods import seconds_to_available

_AT_ONCE = 500
"""Pods created in one go: `replicas` may be any number."""
_NUMBERED = re.compile(r"(.+)-(0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Member:
    """A pod of the set. `wait_s` is 0 when it is available, None while it is not ready."""

    ordinal: int
    object: Object
    pod: Pod
    wait_s: float | None

    @property
    def revision(self) -> str:
        return self.pod.metadata.labels.get(HASH, "")

    @property
    def is_available(self) -> bool:
        return self.wait_s == 0.0

    @property
    def is_healthy(self) -> bool:
        return self.is_available and not self.pod.is_terminating


@dataclass(slots=True)
class Plan:
    """What to do now. What comes after it is decided when it is done."""

    create: list[int] = field(default_factory=list)
    delete: list[Member] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.create and not self.delete


def ordinal_of(set_name: str, pod_name: str) -> int | None:
    """The number of a pod that is named as one of the set; None for another."""
    found = _NUMBERED.fullmatch(pod_name)
    return int(found[2]) if found and found[1] == set_name else None


def member(stateful_set: StatefulSet, obj: Object, now: datetime) -> Member:
    """A pod that `ordinal_of` knows."""
    pod = view(Pod, obj)
    ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name) or 0
    wait_s = None if pod.is_finished else seconds_to_available(pod, stateful_set.spec.min_ready_seconds, now)
    return Member(ordinal, obj, pod, wait_s)


def ordinals(stateful_set: StatefulSet) -> range:
    """The numbers that the set should have."""
    start = stateful_set.spec.ordinals.start
    return range(start, start + stateful_set.spec.replicas)


def is_of_current_revision(stateful_set: StatefulSet, ordinal: int) -> bool:
    """Whether a new pod of that ordinal is made as before the update: those below the partition are."""
    strategy = stateful_set.spec.update_strategy
    is_rolling = strategy.type == "RollingUpdate"
    return is_rolling and ordinal < stateful_set.spec.ordinals.start + strategy.rolling_update.partition


def plan(stateful_set: StatefulSet, members: Sequence[Member], update: str) -> Plan:
    """The next step towards the wanted pods, all of revision `update` but those that the strategy spares."""
    by_ordinal = {each.ordinal: each for each in members}
    made = Plan()
    is_ordered = stateful_set.spec.pod_management_policy != "Parallel"
    if _fill(stateful_set, by_ordinal, made, is_ordered) and is_ordered:
        return made
    if _shrink(stateful_set, members, made, is_ordered) and is_ordered:
        return made
    if made.is_empty and stateful_set.spec.update_strategy.type == "RollingUpdate":
        _update(stateful_set, by_ordinal, update, made)
    return made


def _fill(stateful_set: StatefulSet, by_ordinal: Mapping[int, Member], made: Plan, is_ordered: bool) -> bool:
    """Missing pods are created and finished ones deleted, to be created again. True when an ordered set waits."""
    for ordinal in ordinals(stateful_set):
        present = by_ordinal.get(ordinal)
        if present is None:
            made.create.append(ordinal)
        elif present.pod.is_finished and not present.pod.is_terminating:
            made.delete.append(present)
        if is_ordered and (present is None or not present.is_healthy):
            return True
        if len(made.create) == _AT_ONCE:
            return False
    return False


def _shrink(stateful_set: StatefulSet, members: Sequence[Member], made: Plan, is_ordered: bool) -> bool:
    """Pods beyond the wanted go, the highest first; True when an ordered set waits for one.

    An ordered set stops at one that is not available, lest two are down, unless that is the only one that is.
    """
    wanted = ordinals(stateful_set)
    first_sick = min((each.ordinal for each in members if not each.is_healthy), default=None)
    for each in sorted(members, key=lambda every: -every.ordinal):
        if each.ordinal in wanted:
            continue
        if not each.pod.is_terminating and (not is_ordered or each.is_available or each.ordinal == first_sick):
            made.delete.append(each)
        if is_ordered:
            return True
    return False


def _update(stateful_set: StatefulSet, by_ordinal: Mapping[int, Member], update: str, made: Plan) -> None:
    rolling = stateful_set.spec.update_strategy.rolling_update
    wanted = ordinals(stateful_set)
    highest_first = [by_ordinal[each] for each in reversed(wanted) if each >= wanted.start + rolling.partition]
    if rolling.max_unavailable is not None:
        down = sum(not each.is_healthy for each in by_ordinal.values() if each.ordinal in wanted)
        room = max(0, _most_unavailable(rolling.max_unavailable, len(wanted)) - down)
        outdated = [each for each in highest_first if each.revision != update and not each.pod.is_terminating]
        made.delete += outdated[:room]
        return
    for each in highest_first:
        if each.revision != update and not each.pod.is_terminating:
            made.delete.append(each)
            return
        if not each.is_healthy:
            return


def _most_unavailable(value: int | str, replicas: int) -> int:
    """At least one (percents round up for StatefulSets: `getStatefulSetMaxUnavailable`)."""
    if isinstance(value, int):
        return max(1, value)
    return max(1, math.ceil(int(value.rstrip("%")) * replicas / 100))
