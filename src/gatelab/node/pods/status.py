"""A pod's `status` from what is known of it (kubelet's `generateAPIPodStatus`, `getPhase` and `status/generate.go`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatelab.kinds.conditions import condition, merged
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.node.images import normalised
from gatelab.node.pods.containers import ContainerRun
from gatelab.node.pods.lifecycle import DEADLINE_EXCEEDED, DEADLINE_MESSAGE, PodLifecycle
from gatelab.node.pods.states import Running, State, Terminated, Waiting

Readiness = Mapping[str, str]


def pod_status(pod: Object, lifecycle: PodLifecycle, *, node_address: str, now: datetime) -> dict[str, Any]:
    """The status to write. Equal to `pod`'s own where nothing changed: no time in it moves without a change."""
    present = pod.get("status") or {}
    phase = lifecycle.phase
    stamp = to_rfc3339(now)
    generation = pod["metadata"].get("generation")
    conditions = _conditions(pod, lifecycle, phase)
    if generation is not None:
        conditions = [{**each, "observedGeneration": generation} for each in conditions]
    status: dict[str, Any] = {
        **({"observedGeneration": generation} if generation is not None else {}),
        "phase": phase,
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "podIP": lifecycle.address,
        "podIPs": [{"ip": lifecycle.address}],
        "startTime": present.get("startTime") or stamp,
        "conditions": merged(present.get("conditions") or (), conditions, now=stamp),
        "containerStatuses": [_container_status(each) for each in lifecycle.mains],
    }
    if lifecycle.inits:
        status["initContainerStatuses"] = [_container_status(each) for each in lifecycle.inits]
    if lifecycle.is_deadline_exceeded:
        status |= {"reason": DEADLINE_EXCEEDED, "message": DEADLINE_MESSAGE}
    return status


def _conditions(pod: Object, lifecycle: PodLifecycle, phase: str) -> list[Mapping[str, Any]]:
    ready = _readiness(lifecycle, phase)
    return [
        {"type": "PodReadyToStartContainers", "status": "False" if _is_over(phase) else "True"},
        {"type": "Initialized", **_initialised(lifecycle, phase)},
        {"type": "Ready", **(_gates(pod) if ready["status"] == "True" else ready)},
        {"type": "ContainersReady", **ready},
        {"type": "PodScheduled", "status": "True"},
    ]


def _is_over(phase: str) -> bool:
    return phase in ("Succeeded", "Failed")


def _initialised(lifecycle: PodLifecycle, phase: str) -> Readiness:
    if lifecycle.is_initialized:
        return {"status": "True"} | ({"reason": "PodCompleted"} if phase == "Succeeded" else {})
    missing = [each.spec.name for each in lifecycle.inits if not (each.is_completed or each.was_started)]
    message = f"containers with incomplete status: [{' '.join(missing)}]"
    return {"status": "False", "reason": "ContainersNotInitialized", "message": message}


def _readiness(lifecycle: PodLifecycle, phase: str) -> Readiness:
    if _is_over(phase):
        return {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    counted = [each for each in lifecycle.containers.values() if each.role != "init"]
    unready = [each.spec.name for each in counted if not each.is_ready]
    if not unready:
        return {"status": "True"}
    message = f"containers with unready status: [{' '.join(unready)}]"
    return {"status": "False", "reason": "ContainersNotReady", "message": message}


def _gates(pod: Object) -> Readiness:
    """`spec.readinessGates`: conditions that others write, and that Ready asks for (KEP-580)."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    missing = []
    for gate in (pod.get("spec") or {}).get("readinessGates") or ():
        name = gate["conditionType"]
        found = condition(conditions, name)
        if found is None:
            missing.append(f'corresponding condition of pod readiness gate "{name}" does not exist.')
        elif found.get("status") != "True":
            missing.append(f'the status of pod readiness gate "{name}" is not "True", but {found.get("status")}')
    if not missing:
        return {"status": "True"}
    return {"status": "False", "reason": "ReadinessGatesNotReady", "message": ", ".join(missing)}


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
