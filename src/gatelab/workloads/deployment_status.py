"""The status of a Deployment, as `kubectl rollout status`, `get` and `describe` read it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.conditions import condition
from gatelab.kinds.timestamps import from_rfc3339, to_rfc3339
from gatelab.workloads.rollout import least_available

_NO_DEADLINE = 2**31 - 1

Condition = Mapping[str, Any]


def status_of(
    deployment: Deployment, everything: Sequence[ReplicaSet], new: ReplicaSet | None, now: datetime
) -> dict[str, Any]:
    """The whole status; zeros other than in `terminatingReplicas` are left out, as the API does."""
    counts = _counts(everything, new)
    status: dict[str, Any] = {"observedGeneration": deployment.metadata.generation}
    status |= {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = sum(each.status.terminating_replicas for each in everything)
    if deployment.status.collision_count is not None:
        status["collisionCount"] = deployment.status.collision_count
    found = [_available(deployment, counts), *_failures(everything, new)]
    if progressing := _progressing(deployment, counts, new, now):
        found.append(progressing)
    status["conditions"] = [_stamped(deployment, each, counts, now) for each in found]
    return status


def _counts(everything: Sequence[ReplicaSet], new: ReplicaSet | None) -> dict[str, int]:
    available = sum(each.status.available_replicas for each in everything)
    return {
        "replicas": sum(each.status.replicas for each in everything),
        "updatedReplicas": new.status.replicas if new else 0,
        "readyReplicas": sum(each.status.ready_replicas for each in everything),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(each.spec.replicas for each in everything) - available),
    }


def is_complete(deployment: Deployment, counts: Mapping[str, int]) -> bool:
    """Whether all pods are of the present template, available, and no other is left."""
    wanted = deployment.spec.replicas
    return all(counts[name] == wanted for name in ("replicas", "updatedReplicas", "availableReplicas"))


def _available(deployment: Deployment, counts: Mapping[str, int]) -> Condition:
    if counts["availableReplicas"] >= least_available(deployment):
        return _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    return _condition(
        "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    )


def _failures(everything: Sequence[ReplicaSet], new: ReplicaSet | None) -> list[Condition]:
    """The new ReplicaSet's failure, else that of any other (`getReplicaFailures`)."""
    candidates = [new, *everything] if new else list(everything)
    found = next(filter(None, (condition(each.status.conditions, "ReplicaFailure") for each in candidates)), None)
    return [_condition("ReplicaFailure", found["status"], found["reason"], found["message"])] if found else []


def _progressing(
    deployment: Deployment, counts: Mapping[str, int], new: ReplicaSet | None, now: datetime
) -> Condition | None:
    if deployment.spec.progress_deadline_seconds == _NO_DEADLINE:
        return None
    if deployment.spec.paused:
        return _condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
    name = f'"{new.metadata.name}"' if new else ""
    if new and is_complete(deployment, counts):
        message = f"ReplicaSet {name} has successfully progressed."
        return _condition("Progressing", "True", "NewReplicaSetAvailable", message)
    present = condition(deployment.status.conditions, "Progressing")
    if present is None or (present["reason"] == "NewReplicaSetAvailable" and name not in present["message"]):
        return _condition("Progressing", "True", "NewReplicaSetCreated", f"Created new replica set {name}")
    if present["reason"] == "DeploymentPaused":
        return _condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
    return _under_way(deployment, counts, present, name, now)


def _under_way(
    deployment: Deployment, counts: Mapping[str, int], present: Condition, name: str, now: datetime
) -> Condition:
    """A rollout that was over stays over while the number of its pods or their readiness changes."""
    is_over = present["reason"] == "NewReplicaSetAvailable"
    if is_over and counts["replicas"] == counts["updatedReplicas"]:
        return present
    if _moved(deployment, counts):
        return _condition("Progressing", "True", "ReplicaSetUpdated", f"ReplicaSet {name} is progressing.")
    if not is_over and seconds_to_deadline(deployment, present, now) <= 0:
        message = f"ReplicaSet {name} has timed out progressing."
        return _condition("Progressing", "False", "ProgressDeadlineExceeded", message)
    return present


def _moved(deployment: Deployment, counts: Mapping[str, int]) -> bool:
    before = deployment.status
    return (
        counts["updatedReplicas"] > before.updated_replicas
        or counts["replicas"] - counts["updatedReplicas"] < before.replicas - before.updated_replicas
        or counts["readyReplicas"] > before.ready_replicas
        or counts["availableReplicas"] > before.available_replicas
    )


def seconds_to_deadline(deployment: Deployment, progressing: Condition, now: datetime) -> float:
    """How long the rollout may still go without progress; 0 or less when it has timed out."""
    if progressing["reason"] == "ProgressDeadlineExceeded":
        return 0.0
    since = from_rfc3339(progressing.get("lastUpdateTime") or progressing["lastTransitionTime"])
    return (since + timedelta(seconds=deployment.spec.progress_deadline_seconds) - now).total_seconds()


def next_look_s(deployment: Deployment, status: Mapping[str, Any], now: datetime) -> float | None:
    """When to look whether the rollout has timed out; None when it is over, paused or has timed out already."""
    present = condition(status["conditions"], "Progressing")
    if present is None or present["reason"] not in ("NewReplicaSetCreated", "ReplicaSetUpdated", "DeploymentResumed"):
        return None
    return max(0.0, seconds_to_deadline(deployment, present, now)) + 1.0


def _stamped(deployment: Deployment, found: Condition, counts: Mapping[str, int], now: datetime) -> Condition:
    """With `lastUpdateTime`, which moves when the reason does and with every progress."""
    present = condition(deployment.status.conditions, found["type"])
    is_same = present is not None and (present["status"], present["reason"]) == (found["status"], found["reason"])
    progressed = found["reason"] == "ReplicaSetUpdated" and _moved(deployment, counts)
    if present is not None and is_same and not progressed:
        moment = present.get("lastUpdateTime") or present["lastTransitionTime"]
    else:
        moment = to_rfc3339(now)
    since = present["lastTransitionTime"] if present and present["status"] == found["status"] else to_rfc3339(now)
    return {**found, "lastUpdateTime": moment, "lastTransitionTime": since}


def _condition(type_: str, status: str, reason: str, message: str) -> Condition:
    return {"type": type_, "status": status, "reason": reason, "message": message}
