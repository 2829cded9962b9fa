"""DaemonSets (`k8s.io/kubernetes/pkg/apis/apps/validation`: `ValidateDaemonSet`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules.workloads import not_negative, portion, templated

_STRATEGIES = ("RollingUpdate", "OnDelete")
_NONE = (0, "0%")


def daemon_set(obj: Object, before: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    yield from templated(spec, "daemonset")
    if (spec.get("template") or {}).get("spec", {}).get("activeDeadlineSeconds") is not None:
        rule = "activeDeadlineSeconds in DaemonSet is not Supported"
        yield problems.forbidden("spec.template.spec.activeDeadlineSeconds", rule)
    yield from not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"))
    yield from _strategy(spec.get("updateStrategy") or {})
    if before is not None and before["spec"].get("selector") != spec.get("selector"):
        yield problems.invalid("spec.selector", spec.get("selector"), "field is immutable")


def _strategy(strategy: Mapping[str, Any]) -> Iterator[Problem]:
    type_, path = strategy.get("type", "RollingUpdate"), "spec.updateStrategy.rollingUpdate"
    if type_ not in _STRATEGIES:
        yield problems.unsupported("spec.updateStrategy.type", type_, _STRATEGIES)
    if type_ != "RollingUpdate":
        return
    rolling = strategy.get("rollingUpdate") or {}
    unavailable, surge = rolling.get("maxUnavailable", 1), rolling.get("maxSurge", 0)
    yield from portion(f"{path}.maxUnavailable", unavailable)
    yield from portion(f"{path}.maxSurge", surge)
    if unavailable in _NONE and surge in _NONE:
        yield problems.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    if unavailable not in _NONE and surge not in _NONE:
        yield problems.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
