"""A pod's `status` from what is known of it (kubelet's `generateAPIPodStatus`, `getPhase` and `status/generate.go`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.kinds.conditions import merged
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.node.images import normalised
from gatelab.node.pods.containers import ContainerRun, Running, State, Terminated, Waiting
from gatelab.node.pods.lifecycle import PodLifecycle


def pod_status(pod: Object, lifecycle: PodLifecycle, *, node_address: str, now: datetime) -> dict[str, Any]:
    """The status to write. Equal to `pod`'s own where nothing changed: no time in it moves without a change."""
    present = pod.get("status") or {}
    runs = tuple(lifecycle.containers.values())
    phase = pod_phase(runs)
    stamp = to_rfc3339(now)
    generation = pod["metadata"].get("generation")
    conditions = _conditions(runs, phase)
    if generation is not None:
        conditions = [{**each, "observedGeneration": generation} for each in conditions]
    return {
        **({"observedGeneration": generation} if generation is not None else {}),
        "phase": phase,
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "podIP": lifecycle.address,
        "podIPs": [{"ip": lifecycle.address}],
        "startTime": present.get("startTime") or stamp,
        "conditions": merged(present.get("conditions") or (), conditions, now=stamp),
        "containerStatuses": [_container_status(each) for each in runs],
    }


def pod_phase(runs: Sequence[ContainerRun]) -> str:
    """Pending until every container has run; then Running, until all have ended for good."""
    if any(isinstance(each.state, Waiting) and each.last is None for each in runs):
        return "Pending"
    if not all(each.is_settled for each in runs):
        return "Running"
    failed = any(isinstance(each.state, Terminated) and each.state.exit_code for each in runs)
    return "Failed" if failed else "Succeeded"


def _conditions(runs: Sequence[ContainerRun], phase: str) -> list[Mapping[str, Any]]:
    ready = _readiness(runs, phase)
    return [
        {"type": "PodReadyToStartContainers", "status": "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", **ready},
        {"type": "ContainersReady", **ready},
        {"type": "PodScheduled", "status": "True"},
    ]


def _readiness(runs: Sequence[ContainerRun], phase: str) -> dict[str, str]:
    if phase in ("Succeeded", "Failed"):
        return {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    unready = [each.spec.name for each in runs if not each.is_ready]
    if not unready:
        return {"status": "True"}
    return {
        "status": "False",
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{' '.join(unready)}]",
    }


def _container_status(run: ContainerRun) -> dict[str, Any]:
    status: dict[str, Any] = {
        "name": run.spec.name,
        "image": run.spec.image,
        "imageID": normalised(run.spec.image),
        "ready": run.is_ready,
        "started": run.is_started,
        "restartCount": run.restart_count,
        "state": _state(run.state),
        "lastState": _state(run.last) if run.last else {},
    }
    if isinstance(run.state, Running | Terminated) and run.state.pid:
        status["containerID"] = _container_id(run.state.pid)
    return status


def _state(state: State) -> dict[str, Any]:
    match state:
        case Waiting(reason, message):
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        case Running(_, since):
            return {"running": {"startedAt": to_rfc3339(since)}}
        case Terminated():
            return {"terminated": _terminated(state)}


def _terminated(state: Terminated) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "exitCode": state.exit_code,
        "reason": state.reason,
        "startedAt": to_rfc3339(state.started),
        "finishedAt": to_rfc3339(state.finished),
    }
    if state.message:
        shown["message"] = state.message
    if state.pid:
        shown["containerID"] = _container_id(state.pid)
    return shown


def _container_id(pid: int) -> str:
    """`<runtime>://<id>`; the id is the process's number on this machine."""
    return f"process://{pid}"
