"""ReplicaSet -> Pods: as many as wanted, no more, and a status that says how many are ready and available."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import ReplicaSet
from gatelab.kinds.builtin import POD, REPLICA_SET
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.pods import Pod
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.kinds.views import view
from gatelab.reconcile import Expectations, Mirror, Mirrors, Recorder, Watches, write_status
from gatelab.workloads.ownership import Claims, controller_key, index_owners, selects
from gatelab.workloads.pods import by_dispensability, pod_of, seconds_to_available
from gatelab.workloads.scheduler import SCHEDULER, report_binding

_AT_ONCE = 500
"""Pods created or deleted in one go (Kubernetes: `BurstReplicas`)."""


class ReplicaSetController:
    """Keeps the number of active pods of each ReplicaSet."""

    name = "replicaset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)
        self._scheduling = Recorder(cluster, SCHEDULER)
        self._claims = Claims(cluster, REPLICA_SET, POD)

    def watches(self) -> Sequence[Watches]:
        return (Watches(REPLICA_SET), Watches(POD, self._keys_of_pod))

    async def start(self, mirrors: Mirrors) -> None:
        self._sets = mirrors.of(REPLICA_SET)
        self._pods: Mirror = mirrors.of(POD)
        index_owners(self._pods)
        self._expected = Expectations(self._pods)

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        if key := controller_key(pod, REPLICA_SET):
            return (key,)
        if is_being_deleted(pod):
            return ()
        return [key_of(each) for each in self._sets.list(pod["metadata"]["namespace"]) if selects(each, pod)]

    async def reconcile(self, key: Key) -> float | None:
        obj = self._sets.get(key)
        if obj is None:
            self._expected.forget(key)
            return None
        owned = self._expected.current(key, await self._claims.claimed(self._pods, obj))
        active = [each for each in owned if view(Pod, each).is_active]
        error = None if is_being_deleted(obj) else await self._bring_to_number(obj, active)
        now = utc_now()
        await write_status(self._cluster, REPLICA_SET, obj, _status(obj, active, error, now))
        if error is not None:
            raise error
        return _next_look_s(obj, active, now)

    async def _bring_to_number(self, obj: Object, active: Sequence[Object]) -> ApiError | None:
        missing = view(ReplicaSet, obj).spec.replicas - len(active)
        if missing > 0:
            return await _all(self._create(obj) for _ in range(min(missing, _AT_ONCE)))
        if missing < 0:
            victims = by_dispensability(active)[: min(-missing, _AT_ONCE)]
            return await _all(self._delete(obj, victim) for victim in victims)
        return None

    async def _create(self, obj: Object) -> None:
        try:
            pod = await self._cluster.create(POD, pod_of(obj, utc_now()))
        except ApiError as error:
            await self._recorder.event(obj, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._expected.wrote(key_of(obj), pod)
        await self._recorder.event(obj, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        # The pod was made with its node: there is no other to choose.
        await report_binding(self._scheduling, pod)

    async def _delete(self, obj: Object, pod: Object) -> None:
        self._expected.deleted(key_of(obj), pod)
        name = pod["metadata"]["name"]
        try:
            await self._cluster.delete(POD, key_of(pod), uid=pod["metadata"]["uid"])
        except NotFound:
            return
        except ApiError as error:
            self._expected.kept(key_of(obj), pod)
            await self._recorder.event(obj, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        await self._recorder.event(obj, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> ApiError | None:
    """Does all at once and returns the first refusal. Raises what is a bug."""
    results = await asyncio.gather(*works, return_exceptions=True)
    failures = [each for each in results if each is not None]
    for failure in failures:
        if not isinstance(failure, ApiError):
            raise failure
    return next((each for each in failures if isinstance(each, ApiError)), None)


def _status(obj: Object, active: Sequence[Object], error: ApiError | None, now: datetime) -> dict[str, Any]:
    """ReplicaSetStatus; zeros other than `replicas` are left out, as the API does."""
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
