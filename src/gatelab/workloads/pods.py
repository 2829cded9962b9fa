"""Pods of workloads: how they are made, when they count as available, and which go first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.kinds.builtin import POD, REPLICA_SET
from gatelab.kinds.defaults import pods as defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.pods import Pod
from gatelab.kinds.timestamps import from_rfc3339, to_rfc3339
from gatelab.kinds.views import view
from gatelab.workloads.ownership import controller_reference

NODE_NAME = "gatelab"
"""The one node of a lab."""

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_ADMITTED = {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"}
"""What admission adds to a pod, beside the defaults of its fields."""


def pod_of(replica_set: Object, now: datetime) -> dict[str, Any]:
    """A new pod of the ReplicaSet's template: complete, and bound to the node."""
    name = {"generateName": f"{replica_set['metadata']['name']}-"}
    return pod_from(replica_set["spec"]["template"], REPLICA_SET, replica_set, now, name)


def pod_from(
    template: Object,
    kind: Kind,
    owner: Object,
    now: datetime,
    name: Mapping[str, str],
    *,
    labels: Mapping[str, str] | None = None,
    spec: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A new pod of a template, complete and bound to the node, with labels and fields of the spec put over it.

    `name` is `{"name": ...}` or `{"generateName": ...}`.
    """
    metadata = template.get("metadata") or {}
    copied = {field: metadata[field] for field in ("labels", "annotations", "finalizers") if metadata.get(field)}
    if labels:
        copied["labels"] = {**copied.get("labels", {}), **labels}
    pod = {
        "apiVersion": POD.api_version,
        "kind": POD.name,
        "metadata": {
            **name,
            "namespace": owner["metadata"]["namespace"],
            **copied,
            "ownerReferences": [controller_reference(kind, owner)],
        },
        "spec": {**_ADMITTED, **template["spec"], **(spec or {}), "nodeName": NODE_NAME},
        "status": {"conditions": [scheduled(now)]},
    }
    return defaults.pod(pod)


def unbound(pod: Mapping[str, Any]) -> dict[str, Any]:
    """A new pod without its node, for the scheduler."""
    spec = {field: value for field, value in pod["spec"].items() if field != "nodeName"}
    return {**pod, "spec": spec, "status": {field: v for field, v in pod["status"].items() if field != "conditions"}}


def scheduled(now: datetime) -> dict[str, str]:
    """The condition of a pod that has a node."""
    return {"type": "PodScheduled", "status": "True", "lastTransitionTime": to_rfc3339(now)}


def seconds_to_available(pod: Pod, min_ready_seconds: int, now: datetime) -> float | None:
    """0 when the pod is available, else how long it must stay ready to become it; None when it is not ready.

    A pod that has been ready since a time to come was so before the clock was set back, and nobody shall wait for that
    time to come: it is available.
    """
    ready = pod.condition("Ready")
    if ready is None or ready.status != "True":
        return None
    if not min_ready_seconds or not ready.last_transition_time:
        return 0.0
    ready_s = (now - from_rfc3339(ready.last_transition_time)).total_seconds()
    return max(0.0, min_ready_seconds - ready_s) if ready_s >= 0 else 0.0


_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def by_dispensability(pods: Sequence[Object]) -> list[Object]:
    """The pods, those first that a scale down takes first.

    Not bound, then not running, then not ready; then the lower pod-deletion-cost, the shorter ready, the more often
    restarted, the younger (the order of Kubernetes' `ActivePodsWithRanks`, on one node).
    """
    return [obj for _, obj in sorted(((_rank(obj), obj) for obj in pods), key=lambda ranked: ranked[0])]


def _rank(obj: Object) -> tuple[Any, ...]:
    pod = view(Pod, obj)
    ready = pod.condition("Ready")
    restarts = max((each.restart_count for each in pod.status.container_statuses), default=0)
    return (
        bool(pod.spec.node_name),
        _PHASES.get(pod.status.phase, 2),
        pod.is_ready,
        _cost(pod),
        -_seconds(ready.last_transition_time) if ready and pod.is_ready else 0,
        -restarts,
        -_seconds(pod.metadata.creation_timestamp),
        pod.metadata.name,
    )


def _cost(pod: Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _seconds(time: str) -> float:
    return from_rfc3339(time).timestamp() if time else 0.0
