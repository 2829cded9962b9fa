"""The status of a StatefulSet, as `kubectl rollout status` and `get` read it. Pure."""

from collections.abc import Sequence
from typing import Any

from gatelab.kinds.apps import StatefulSet
from gatelab.workloads.ordinals import Member


def status_of(stateful_set: StatefulSet, members: Sequence[Member], current: str, update: str) -> dict[str, Any]:
    """The whole status. `current` becomes `update` when every pod is of it and ready (`completeRollingUpdate`)."""
    standing = [each for each in members if not each.pod.is_terminating]
    counts = {
        "readyReplicas": sum(each.wait_s is not None for each in members),
        "currentReplicas": sum(each.revision == current for each in standing),
        "updatedReplicas": sum(each.revision == update for each in standing),
    }
    number = stateful_set.spec.replicas
    is_rolling = stateful_set.spec.update_strategy.type == "RollingUpdate"
    is_settled = len(members) == counts["readyReplicas"] == counts["updatedReplicas"] == number
    if is_rolling and is_settled:
        current, counts["currentReplicas"] = update, counts["updatedReplicas"]
    status: dict[str, Any] = {
        "observedGeneration": stateful_set.metadata.generation,
        "replicas": len(members),
        "availableReplicas": sum(each.is_available for each in members),
        **{name: count for name, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": update,
    }
    return status | {"collisionCount": stateful_set.status.collision_count or 0}
