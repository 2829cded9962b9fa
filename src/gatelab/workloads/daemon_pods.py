"""What a DaemonSet does on its one node: the pod that it makes, and which one goes. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatelab.kinds.apps import DaemonSet
from gatelab.kinds.builtin import DAEMON_SET
from gatelab.kinds.objects import Object
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.workloads.controller_revisions import HASH, hash_of, template_of
from gatelab.workloads.pods import NODE_NAME, pod_from, seconds_to_available

_TOLERATED = {
    "node.kubernetes.io/not-ready": "NoExecute",
    "node.kubernetes.io/unreachable": "NoExecute",
    "node.kubernetes.io/disk-pressure": "NoSchedule",
    "node.kubernetes.io/memory-pressure": "NoSchedule",
    "node.kubernetes.io/pid-pressure": "NoSchedule",
    "node.kubernetes.io/unschedulable": "NoSchedule",
}
"""What every daemon's pod tolerates (`AddOrUpdateDaemonPodTolerations`)."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A pod of the set. `wait_s` is 0 when it is available, None while it is not ready."""

    object: Object
    pod: Pod
    wait_s: float | None

    @property
    def hash(self) -> str:
        return self.pod.metadata.labels.get(HASH, "")


@dataclass(slots=True)
class Plan:
    """What to do now."""

    create: bool = False
    delete: list[Daemon] = field(default_factory=list)


def daemon(daemon_set: DaemonSet, obj: Object, now: datetime) -> Daemon:
    pod = view(Pod, obj)
    wait_s = None if pod.is_finished else seconds_to_available(pod, daemon_set.spec.min_ready_seconds, now)
    return Daemon(obj, pod, wait_s)


def plan(daemon_set: DaemonSet, daemons: Sequence[Daemon], update: str, *, starts: bool, stays: bool) -> Plan:
    """The next step. `starts`: the node takes a new pod; `stays`: it keeps one that is there.

    A new pod comes when the old one is gone, with `maxSurge` beside it, which then goes when the new one is available.
    """
    standing = [each for each in daemons if not each.pod.is_terminating]
    if not stays:
        return Plan(delete=standing)
    finished = [each for each in standing if each.pod.is_finished]
    running = sorted((each for each in standing if not each.pod.is_finished), key=_age)
    if finished:
        return Plan(delete=finished)
    if not daemons:
        return Plan(create=starts)
    surges = _pods(daemon_set.spec.update_strategy.rolling_update.max_surge) > 0
    if daemon_set.spec.update_strategy.type != "RollingUpdate":
        return Plan(delete=running[1:])
    old = [each for each in running if each.hash != update]
    new = [each for each in running if each.hash == update]
    if surges:
        return _surged(old, new, starts)
    # One too many (adopted, say): the oldest stays, and is updated in its turn.
    return Plan(delete=running[1:] or (old if len(daemons) == len(running) else []))


def _surged(old: Sequence[Daemon], new: Sequence[Daemon], starts: bool) -> Plan:
    if not old:
        return Plan(delete=list(new[1:]))
    if not new:
        down = [each for each in old if each.wait_s is None]
        return Plan(create=starts, delete=down)
    return Plan(delete=[*(old if new[0].wait_s == 0.0 else ()), *new[1:]])


def _pods(value: int | str) -> int:
    """Of one node; percents round up."""
    return value if isinstance(value, int) else math.ceil(int(value.rstrip("%")) / 100)


def _age(each: Daemon) -> tuple[str, str]:
    return each.pod.metadata.creation_timestamp, each.pod.metadata.name


def tolerant_spec(revision: Object) -> dict[str, Any]:
    """The pod spec by which a node is judged: the template's, with what every daemon's pod tolerates."""
    spec = template_of(revision).get("spec") or {}
    return {**spec, "tolerations": _tolerations(spec)}


def daemon_pod(owner: Object, revision: Object, now: datetime) -> dict[str, Any]:
    """A pod of the revision's template, for the node and no other."""
    template = template_of(revision)
    given = template.get("spec") or {}
    spec = {"affinity": _pinned(given.get("affinity") or {}), "tolerations": _tolerations(given)}
    name = {"generateName": f"{owner['metadata']['name']}-"}
    return pod_from(template, DAEMON_SET, owner, now, name, labels={HASH: hash_of(revision)}, spec=spec)


def _pinned(affinity: Mapping[str, Any]) -> dict[str, Any]:
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [NODE_NAME]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}
    return {**affinity, "nodeAffinity": {**(affinity.get("nodeAffinity") or {}), **required}}


def _tolerations(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    own = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED.items()]
    if spec.get("hostNetwork"):
        unavailable = "node.kubernetes.io/network-unavailable"
        own.append({"key": unavailable, "operator": "Exists", "effect": "NoSchedule"})
    given = list(spec.get("tolerations") or ())
    return [*given, *(each for each in own if each not in given)]
