"""Defaults of the kinds of apps/v1 (`k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go`)."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.defaults.pods import pod_spec
from gatelab.kinds.objects import Object

_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}

_REVISED = {"revisionHistoryLimit": 10}
_RETAINED = {"whenDeleted": "Retain", "whenScaled": "Retain"}
_NONE_SCHEDULED = {
    "currentNumberScheduled": 0,
    "numberMisscheduled": 0,
    "desiredNumberScheduled": 0,
    "numberReady": 0,
}


def deployment(obj: Object) -> dict[str, Any]:
    spec = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, **(obj.get("spec") or {})}
    spec["strategy"] = _strategy(spec.get("strategy") or {})
    return {**obj, "spec": _with_template(spec), "status": obj.get("status") or {}}


def replica_set(obj: Object) -> dict[str, Any]:
    spec = {"replicas": 1, **(obj.get("spec") or {})}
    return {**obj, "spec": _with_template(spec), "status": {"replicas": 0, **(obj.get("status") or {})}}


def stateful_set(obj: Object) -> dict[str, Any]:
    spec = {"podManagementPolicy": "OrderedReady", "replicas": 1, **_REVISED, **(obj.get("spec") or {})}
    strategy = {"type": "RollingUpdate", **(spec.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"partition": 0, **(strategy.get("rollingUpdate") or {})}
    spec["updateStrategy"] = strategy
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    spec["persistentVolumeClaimRetentionPolicy"] = {**_RETAINED, **retention}
    if claims := spec.get("volumeClaimTemplates"):
        spec["volumeClaimTemplates"] = [_claim(each) for each in claims]
    status = {"replicas": 0, "availableReplicas": 0, **(obj.get("status") or {})}
    return {**obj, "spec": _with_template(spec), "status": status}


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A template of a claim is completed as a claim is."""
    named = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim}
    return {
        **named,
        "spec": {"volumeMode": "Filesystem", **(claim.get("spec") or {})},
        "status": {"phase": "Pending", **(claim.get("status") or {})},
    }


def daemon_set(obj: Object) -> dict[str, Any]:
    spec = {**_REVISED, **(obj.get("spec") or {})}
    strategy = {"type": "RollingUpdate", **(spec.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": 1, "maxSurge": 0, **(strategy.get("rollingUpdate") or {})}
    spec["updateStrategy"] = strategy
    return {**obj, "spec": _with_template(spec), "status": {**_NONE_SCHEDULED, **(obj.get("status") or {})}}


def _strategy(strategy: Mapping[str, Any]) -> dict[str, Any]:
    result = {"type": "RollingUpdate", **strategy}
    if result["type"] == "RollingUpdate":
        result["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    return result


def _with_template(spec: dict[str, Any]) -> dict[str, Any]:
    if "spec" in (spec.get("template") or {}):
        spec["template"] = {**spec["template"], "spec": pod_spec(spec["template"]["spec"])}
    return spec
