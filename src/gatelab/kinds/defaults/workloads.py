"""Defaults of Deployments and ReplicaSets (`k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go`)."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.defaults.pods import pod_spec
from gatelab.kinds.objects import Object

_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}


def deployment(obj: Object) -> dict[str, Any]:
    spec = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, **(obj.get("spec") or {})}
    spec["strategy"] = _strategy(spec.get("strategy") or {})
    return {**obj, "spec": _with_template(spec), "status": obj.get("status") or {}}


def replica_set(obj: Object) -> dict[str, Any]:
    spec = {"replicas": 1, **(obj.get("spec") or {})}
    return {**obj, "spec": _with_template(spec), "status": {"replicas": 0, **(obj.get("status") or {})}}


def _strategy(strategy: Mapping[str, Any]) -> dict[str, Any]:
    result = {"type": "RollingUpdate", **strategy}
    if result["type"] == "RollingUpdate":
        result["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    return result


def _with_template(spec: dict[str, Any]) -> dict[str, Any]:
    if "spec" in (spec.get("template") or {}):
        spec["template"] = {**spec["template"], "spec": pod_spec(spec["template"]["spec"])}
    return spec
