"""Defaults of the kinds that nothing acts on (`k8s.io/kubernetes/pkg/apis/*/v*/defaults.go`)."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.objects import Object

_RBAC = "rbac.authorization.k8s.io"
_CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
"""What an autoscaler looks at that names no metrics."""


def persistent_volume_claim(obj: Object) -> dict[str, Any]:
    """A new claim is Pending, and here it stays so."""
    spec = {"volumeMode": "Filesystem", **(obj.get("spec") or {})}
    return {**obj, "spec": spec, "status": {"phase": "Pending", **(obj.get("status") or {})}}


def horizontal_pod_autoscaler(obj: Object) -> dict[str, Any]:
    given = obj.get("spec") or {}
    spec = {"minReplicas": 1, **given, "metrics": given.get("metrics") or [dict(_CPU)]}
    return {**obj, "spec": spec}


def role_binding(obj: Object) -> dict[str, Any]:
    """Also of a ClusterRoleBinding. ServiceAccounts are of the core group, which is written as an absent one."""
    result = {**obj, "roleRef": {"apiGroup": _RBAC, **(obj.get("roleRef") or {})}}
    if obj.get("subjects"):
        result["subjects"] = [_subject(each) for each in obj["subjects"]]
    return result


def _subject(subject: Mapping[str, Any]) -> dict[str, Any]:
    group = {"apiGroup": _RBAC} if subject.get("kind") in ("User", "Group") else {}
    return {**group, **subject}


def network_policy(obj: Object) -> dict[str, Any]:
    spec = dict(obj.get("spec") or {})
    for direction in ("ingress", "egress"):
        if spec.get(direction):
            spec[direction] = [_with_protocols(rule) for rule in spec[direction]]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return {**obj, "spec": spec}


def _with_protocols(rule: Mapping[str, Any]) -> dict[str, Any]:
    ports = rule.get("ports")
    return {**rule, "ports": [{"protocol": "TCP", **each} for each in ports]} if ports else dict(rule)


def limit_range(obj: Object) -> dict[str, Any]:
    """Of a container the limit is by default the most, and the request the limit, or the least."""
    spec = dict(obj.get("spec") or {})
    spec["limits"] = [_limit(each) for each in spec.get("limits") or ()]
    return {**obj, "spec": spec}


def _limit(limit: Mapping[str, Any]) -> dict[str, Any]:
    if limit.get("type") != "Container":
        return dict(limit)
    default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
    request = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
    found = {"default": default, "defaultRequest": request}
    return {**limit, **{name: values for name, values in found.items() if values}}
