"""StatefulSets (`k8s.io/kubernetes/pkg/apis/apps/validation`: `ValidateStatefulSet`, `ValidateStatefulSetUpdate`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules.metadata import label_problems
from gatelab.kinds.schemas.rules.workloads import not_negative, portion, templated

_POLICIES = ("OrderedReady", "Parallel")
_STRATEGIES = ("RollingUpdate", "OnDelete")
_RETENTIONS = ("Retain", "Delete")
_CHANGEABLE = (
    "replicas",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "ordinals",
)
_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def stateful_set(obj: Object, before: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    if before is None and obj["metadata"].get("name"):
        # Pods are named after it, and their names are host names.
        yield from label_problems("metadata.name", obj["metadata"]["name"])
    yield from _policies(spec)
    yield from not_negative(spec, ("replicas", "minReadySeconds", "revisionHistoryLimit"))
    if (start := (spec.get("ordinals") or {}).get("start", 0)) < 0:
        yield problems.invalid("spec.ordinals.start", start, "must be greater than or equal to 0")
    yield from templated(_with_claims(spec), "statefulset")
    if (spec.get("template") or {}).get("spec", {}).get("activeDeadlineSeconds") is not None:
        rule = "activeDeadlineSeconds in StatefulSet is not Supported"
        yield problems.forbidden("spec.template.spec.activeDeadlineSeconds", rule)
    if before is not None and _fixed(spec) != _fixed(before["spec"]):
        yield problems.forbidden("spec", _FIXED)


def _with_claims(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec with its claims among the volumes of its template, for containers mount them by name."""
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    volumes = list(pod.get("volumes") or ())
    names = {each.get("name") for each in volumes}
    claims = [(each.get("metadata") or {}).get("name") or "" for each in spec.get("volumeClaimTemplates") or ()]
    volumes += [{"name": each, "emptyDir": {}} for each in claims if each not in names]
    return {**spec, "template": {**template, "spec": {**pod, "volumes": volumes}} if template else template}


def _fixed(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in _CHANGEABLE}


def _policies(spec: Mapping[str, Any]) -> Iterator[Problem]:
    policy = spec.get("podManagementPolicy", "OrderedReady")
    if policy not in _POLICIES:
        rule = f"must be '{_POLICIES[0]}' or '{_POLICIES[1]}'"
        yield problems.invalid("spec.podManagementPolicy", policy, rule)
    yield from _strategy(spec.get("updateStrategy") or {})
    for name, value in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).items():
        if value not in _RETENTIONS:
            yield problems.unsupported(f"spec.persistentVolumeClaimRetentionPolicy.{name}", value, _RETENTIONS)


def _strategy(strategy: Mapping[str, Any]) -> Iterator[Problem]:
    type_, rolling = strategy.get("type", "RollingUpdate"), strategy.get("rollingUpdate")
    if type_ not in _STRATEGIES:
        rule = f"must be '{_STRATEGIES[0]}' or '{_STRATEGIES[1]}'"
        yield problems.invalid("spec.updateStrategy", strategy, rule)
    if type_ == "OnDelete" and rolling is not None:
        rule = "only allowed for updateStrategy 'RollingUpdate'"
        yield problems.invalid("spec.updateStrategy.rollingUpdate", rolling, rule)
    if rolling is None:
        return
    path = "spec.updateStrategy.rollingUpdate"
    if rolling.get("partition", 0) < 0:
        yield problems.invalid(f"{path}.partition", rolling["partition"], "must be greater than or equal to 0")
    if (most := rolling.get("maxUnavailable")) is not None:
        yield from portion(f"{path}.maxUnavailable", most)
        if most in (0, "0%"):
            yield problems.invalid(f"{path}.maxUnavailable", most, "cannot be 0")
