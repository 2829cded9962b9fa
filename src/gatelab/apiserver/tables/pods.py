"""The columns of Pods: what state a pod is in, in one word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.apiserver.tables.cells import NONE, Column, age_column, at, field, name_column, since
from gatelab.kinds.conditions import is_true
from gatelab.kinds.objects import Object, is_being_deleted

Status = Mapping[str, Any]


def columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Ready", _ready),
        Column("Status", lambda obj, _: status_word(obj)),
        Column("Restarts", _restarts),
        age_column(),
        Column("IP", _ip, 1),
        Column("Node", field("spec", "nodeName", absent=NONE), 1),
        Column("Nominated Node", field("status", "nominatedNodeName", absent=NONE), 1),
        Column("Readiness Gates", _gates, 1),
    )


def _statuses(pod: Object, name: str = "containerStatuses") -> Sequence[Status]:
    return at(pod, "status", name) or ()


def _sidecars(pod: Object) -> set[str]:
    """Init containers that keep running count as containers."""
    return {each["name"] for each in at(pod, "spec", "initContainers") or () if each.get("restartPolicy") == "Always"}


def _counted(pod: Object) -> Sequence[Status]:
    sidecars = _sidecars(pod)
    return (*(s for s in _statuses(pod, "initContainerStatuses") if s.get("name") in sidecars), *_statuses(pod))


def _ready(pod: Object, _: datetime) -> str:
    ready = sum(bool(each.get("ready") and at(each, "state", "running") is not None) for each in _counted(pod))
    return f"{ready}/{len(at(pod, 'spec', 'containers') or ()) + len(_sidecars(pod))}"


def _restarts(pod: Object, now: datetime) -> str:
    statuses = _counted(pod) if _is_initialised(pod) else _statuses(pod, "initContainerStatuses")
    count = sum(each.get("restartCount", 0) for each in statuses)
    ends = [at(each, "lastState", "terminated", "finishedAt") for each in statuses]
    last = max((end for end in ends if end), default=None)
    return f"{count} ({since(last, now)} ago)" if count and last else str(count)


def _is_initialised(pod: Object) -> bool:
    if is_true(at(pod, "status", "conditions") or (), "Initialized"):
        return True
    sidecars = _sidecars(pod)
    return not any(_init_word(each, each.get("name") in sidecars) for each in _statuses(pod, "initContainerStatuses"))


def status_word(pod: Object) -> str:
    """The word under STATUS: the reason that explains most."""
    word = at(pod, "status", "reason") or at(pod, "status", "phase") or "Unknown"
    initialising = _initialising(pod)
    word = initialising or word
    # As upstream's printer: of an initialised pod whose sidecar starts again, the containers' words come first.
    if not initialising or is_true(at(pod, "status", "conditions") or (), "Initialized"):
        word = _container_word(pod, word)
    if is_being_deleted(pod):
        return "Unknown" if at(pod, "status", "reason") == "NodeLost" else "Terminating"
    return str(word)


def _initialising(pod: Object) -> str | None:
    """`Init:1/2`, `Init:Error`, or None when the init containers are done."""
    sidecars = _sidecars(pod)
    total = len(at(pod, "spec", "initContainers") or ())
    for index, each in enumerate(_statuses(pod, "initContainerStatuses")):
        word = _init_word(each, each.get("name") in sidecars)
        if word is not None:
            return f"Init:{word}" if word else f"Init:{index}/{total}"
    return None


def _init_word(status: Status, sidecar: bool) -> str | None:
    ended, waiting = at(status, "state", "terminated"), at(status, "state", "waiting")
    if ended is not None:
        return None if ended.get("exitCode") == 0 else _end_word(ended)
    if sidecar and status.get("started"):
        return None
    reason = at(waiting, "reason")
    return reason if reason and reason != "PodInitializing" else ""


def _end_word(ended: Status) -> str:
    if reason := ended.get("reason"):
        return str(reason)
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _container_word(pod: Object, word: str) -> str:
    running = False
    for status in reversed(_statuses(pod)):
        waiting, ended = at(status, "state", "waiting"), at(status, "state", "terminated")
        if at(waiting, "reason"):
            word = waiting["reason"]
        elif ended is not None:
            word = _end_word(ended)
        elif status.get("ready") and at(status, "state", "running") is not None:
            running = True
    if word == "Completed" and running:
        return "Running" if is_true(at(pod, "status", "conditions") or (), "Ready") else "NotReady"
    return word


def _ip(pod: Object, _: datetime) -> str:
    addresses = at(pod, "status", "podIPs") or ()
    first = addresses[0].get("ip") if addresses else at(pod, "status", "podIP")
    return first or NONE


def _gates(pod: Object, _: datetime) -> str:
    gates = at(pod, "spec", "readinessGates") or ()
    conditions = at(pod, "status", "conditions") or ()
    true = sum(is_true(conditions, gate.get("conditionType", "")) for gate in gates)
    return f"{true}/{len(gates)}" if gates else NONE
