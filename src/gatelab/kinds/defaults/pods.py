"""Defaults of Pods and pod templates (`k8s.io/kubernetes/pkg/apis/core/v1/defaults.go`)."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.quantity import parse_quantity

Fields = Mapping[str, Any]

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_VOLUME_MODES = {"secret": {"defaultMode": 420}, "configMap": {"defaultMode": 420}, "projected": {"defaultMode": 420}}


def pod(obj: Object) -> dict[str, Any]:
    spec = {"enableServiceLinks": True, **pod_spec(obj.get("spec") or {})}
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    status = {"phase": "Pending", "qosClass": qos_class(spec), **(obj.get("status") or {})}
    return {**obj, "spec": spec, "status": status}


def with_allocated(obj: dict[str, Any], before: Object) -> dict[str, Any]:
    spec = obj.get("spec") or {}
    old = before.get("spec") or {}
    kept = {name: old[name] for name in ("nodeName",) if name in old and name not in spec}
    return {**obj, "spec": {**spec, **kept}} if kept else obj


def pod_spec(spec: Fields) -> dict[str, Any]:
    """A complete pod spec."""
    result = {**_SPEC, **spec}
    for field in ("containers", "initContainers", "ephemeralContainers"):
        if field in spec:
            result[field] = [_container(each) for each in spec[field]]
    if "serviceAccountName" in spec:
        result.setdefault("serviceAccount", spec["serviceAccountName"])
    elif "serviceAccount" in spec:
        result["serviceAccountName"] = spec["serviceAccount"]
    if "volumes" in spec:
        result["volumes"] = [_volume(each) for each in spec["volumes"]]
    return result


def _volume(volume: Fields) -> dict[str, Any]:
    sources = [key for key in volume if key != "name"]
    if not sources:
        return {**volume, "emptyDir": {}}
    return {key: {**_VOLUME_MODES[key], **value} if key in _VOLUME_MODES else value for key, value in volume.items()}


def _container(container: Fields) -> dict[str, Any]:
    result = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": _pull_policy(container.get("image") or ""),
        **container,
    }
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            result[probe] = {**_PROBE, **_handler(container[probe])}
    if "ports" in container:
        result["ports"] = [{"protocol": "TCP", **each} for each in container["ports"]]
    if "env" in container:
        result["env"] = [_variable(each) for each in container["env"]]
    if "lifecycle" in container:
        # `stopSignal` stands beside the handlers.
        hooks = container["lifecycle"].items()
        result["lifecycle"] = {key: _handler(value) if isinstance(value, Mapping) else value for key, value in hooks}
    if "limits" in result["resources"]:
        limits = result["resources"]["limits"]
        requests = {**limits, **(result["resources"].get("requests") or {})}
        result["resources"] = {**result["resources"], "requests": requests}
    return result


def _pull_policy(image: str) -> str:
    """Always for `latest`, spoken or not; IfNotPresent otherwise."""
    name = image.rpartition("/")[2]
    tag = name.partition("@")[0].partition(":")[2]
    return "Always" if "@" not in name and tag in ("", "latest") else "IfNotPresent"


def _handler(handler: Fields) -> Fields:
    result = dict(handler)
    if "httpGet" in handler:
        result["httpGet"] = {"path": "/", "scheme": "HTTP", **handler["httpGet"]}
    if "grpc" in handler:
        result["grpc"] = {"service": "", **handler["grpc"]}
    return result


def _variable(variable: Fields) -> Fields:
    source = variable.get("valueFrom") or {}
    if "fieldRef" not in source:
        return variable
    return {**variable, "valueFrom": {**source, "fieldRef": {"apiVersion": "v1", **source["fieldRef"]}}}


def qos_class(spec: Fields) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' CPU and memory."""
    resources = [
        each.get("resources") or {} for name in ("containers", "initContainers") for each in spec.get(name) or ()
    ]
    amounts = [
        {name: parse_quantity(value) for name, value in (each.get(kind) or {}).items() if name in ("cpu", "memory")}
        for each in resources
        for kind in ("limits", "requests")
    ]
    if not any(value for each in amounts for value in each.values()):
        return "BestEffort"
    pairs = zip(amounts[::2], amounts[1::2], strict=True)
    return "Guaranteed" if all(len(limits) == 2 and limits == requests for limits, requests in pairs) else "Burstable"
