"""Whether a pod may run on a node: its selector, required node affinity and tolerations. Pure.

As `k8s.io/component-helpers/scheduling/corev1/nodeaffinity` has it; what is only preferred does not count.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_REPELLING = ("NoSchedule", "NoExecute")
_UNSCHEDULABLE: Mapping[str, str] = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
"""What keeps pods from a node that is cordoned, unless they tolerate it."""


def why_not(spec: Mapping[str, Any], node: Object | None) -> str | None:
    """Why the scheduler does not bind a pod with that spec to the only node, in its words; None when it does.

    A node that is not there yet takes what asks for nothing: the agent will say what it is.
    """
    if node is None:
        is_plain = is_selected(spec, {"metadata": {"name": ""}})
        return None if is_plain else "no nodes available to schedule pods"
    if (node.get("spec") or {}).get("unschedulable") and not _is_tolerated(spec, _UNSCHEDULABLE):
        return _none("node(s) were unschedulable")
    if not all(_is_tolerated(spec, each) for each in _taints(node)):
        return _none("node(s) had untolerated taint(s)")
    if not is_selected(spec, node):
        return _none("node(s) didn't match Pod's node affinity/selector")
    return None


def _none(reason: str) -> str:
    preemption = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    return f"0/1 nodes are available: 1 {reason}. no new claims to deallocate, {preemption}"


def fits(spec: Mapping[str, Any], node: Object) -> bool:
    """Whether a pod with that spec may be bound to the node."""
    return is_selected(spec, node) and all(_is_tolerated(spec, each) for each in _taints(node))


def may_stay(spec: Mapping[str, Any], node: Object) -> bool:
    """Whether a pod that is there already may stay: a NoSchedule taint does not drive it out."""
    driving = [each for each in _taints(node) if each.get("effect") == "NoExecute"]
    return is_selected(spec, node) and all(_is_tolerated(spec, each) for each in driving)


def is_selected(spec: Mapping[str, Any], node: Object) -> bool:
    """Whether the node has what `nodeSelector` and the required node affinity ask for."""
    labels = node["metadata"].get("labels") or {}
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    if required is None:
        return True
    return any(_matches(term, node, labels) for term in required.get("nodeSelectorTerms") or ())


def _matches(term: Mapping[str, Any], node: Object, labels: Mapping[str, str]) -> bool:
    """An empty term matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    own = {"metadata.name": node["metadata"]["name"]}
    is_empty = not expressions and not fields
    return (
        not is_empty and all(_holds(each, labels) for each in expressions) and all(_holds(each, own) for each in fields)
    )


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(requirement["key"]), requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, values: Sequence[str]) -> bool:
    try:
        number, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit


def _taints(node: Object) -> list[Mapping[str, Any]]:
    return [each for each in (node.get("spec") or {}).get("taints") or () if each.get("effect") in _REPELLING]


def _is_tolerated(spec: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    return any(_tolerates(each, taint) for each in spec.get("tolerations") or ())


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    key = toleration.get("key") or ""
    if toleration.get("operator") == "Exists":
        return key in ("", taint["key"])
    return bool(key == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or ""))
