"""ReplicaSet -> Pods: as many as wanted, no more, and a status that says how many are ready and available."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import ReplicaSet
from gatelab.kinds.builtin import NODE, POD, REPLICA_SET
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.kinds.pods import Pod
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.kinds.views import view
from gatelab.reconcile import Expectations, Mirror, Mirrors, Recorder, Watches, write_status
from gatelab.workloads.ownership import Claims, concerned, index_owners
from gatelab.workloads.pod_writer import PodWriter, all_at_once
from gatelab.workloads.pods import by_dispensability, pod_of, seconds_to_available

_AT_ONCE = 500
"""Pods created or deleted in one go (Kubernetes: `BurstReplicas`)."""


class ReplicaSetController:
    """Keeps the number of active pods of each ReplicaSet."""

    name = "replicaset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)
        self._claims = Claims(cluster, REPLICA_SET, POD)

    def watches(self) -> Sequence[Watches]:
        return (Watches(REPLICA_SET), Watches(POD, self._keys_of_pod), Watches(NODE, lambda _: ()))

    async def start(self, mirrors: Mirrors) -> None:
        self._sets = mirrors.of(REPLICA_SET)
        self._pods: Mirror = mirrors.of(POD)
        index_owners(self._pods)
        self._expected = Expectations(self._pods)
        self._writer = PodWriter(self._cluster, self._recorder, self._expected, nodes=mirrors.of(NODE))

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        return concerned(pod, REPLICA_SET, self._sets)

    async def reconcile(self, key: Key) -> float | None:
        obj = self._sets.get(key)
        if obj is None:
            self._expected.forget(key)
            return None
        owned = self._expected.current(key, await self._claims.claimed(self._pods, obj))
        active = [each for each in owned if view(Pod, each).is_active]
        error = None if is_being_deleted(obj) else await self._bring_to_number(obj, active)
        now = utc_now()
        await write_status(self._cluster, REPLICA_SET, obj, _status(obj, owned, active, error, now))
        if error is not None:
            raise error
        return _next_look_s(obj, active, now)

    async def _bring_to_number(self, obj: Object, active: Sequence[Object]) -> ApiError | None:
        missing = view(ReplicaSet, obj).spec.replicas - len(active)
        if missing > 0:
            number = min(missing, _AT_ONCE)
            return await all_at_once(self._writer.create(obj, pod_of(obj, utc_now())) for _ in range(number))
        if missing < 0:
            victims = by_dispensability(active)[: min(-missing, _AT_ONCE)]
            return await all_at_once(self._writer.delete(obj, victim) for victim in victims)
        return None


def _status(
    obj: Object, owned: Sequence[Object], active: Sequence[Object], error: ApiError | None, now: datetime
) -> dict[str, Any]:
    """ReplicaSetStatus; zeros other than `replicas` and `terminatingReplicas` are left out, as the API does."""
    replica_set = view(ReplicaSet, obj)
    labels = (replica_set.spec.template.get("metadata") or {}).get("labels") or {}
    waits = [seconds_to_available(view(Pod, each), replica_set.spec.min_ready_seconds, now) for each in active]
    labelled = (labels.items() <= (each["metadata"].get("labels") or {}).items() for each in active)
    counts = {
        "fullyLabeledReplicas": sum(labelled),
        "readyReplicas": sum(each is not None for each in waits),
        "availableReplicas": sum(each == 0.0 for each in waits),
    }
    status: dict[str, Any] = {"replicas": len(active), **{name: count for name, count in counts.items() if count}}
    status["terminatingReplicas"] = sum(is_being_deleted(each) and not view(Pod, each).is_finished for each in owned)
    status["observedGeneration"] = replica_set.metadata.generation
    if error is not None:
        status["conditions"] = [_failure(replica_set, error, now)]
    return status


def _failure(replica_set: ReplicaSet, error: ApiError, now: datetime) -> dict[str, str]:
    present = next((each for each in replica_set.status.conditions if each["type"] == "ReplicaFailure"), None)
    reason = "FailedCreate" if replica_set.spec.replicas > replica_set.status.replicas else "FailedDelete"
    since = present["lastTransitionTime"] if present else to_rfc3339(now)
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": reason,
        "message": error.message,
        "lastTransitionTime": since,
    }


def _next_look_s(obj: Object, active: Sequence[Object], now: datetime) -> float | None:
    min_ready_seconds = view(ReplicaSet, obj).spec.min_ready_seconds
    waits = (seconds_to_available(view(Pod, each), min_ready_seconds, now) for each in active)
    return min((each for each in waits if each), default=None)
