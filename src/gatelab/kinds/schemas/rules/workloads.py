"""Deployments and ReplicaSets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules.metadata import labels
from gatelab.kinds.schemas.rules.pods import pod_spec
from gatelab.kinds.selectors import from_object

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_PERCENT = re.compile(r"[0-9]+%")
_COUNTS = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")


def deployment(obj: Object, before: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    yield from _replicated(spec, before)
    for field in _COUNTS:
        if spec.get(field, 0) < 0:
            yield problems.invalid(f"spec.{field}", spec[field], "must be greater than or equal to 0")
    if spec.get("progressDeadlineSeconds", 1) <= spec.get("minReadySeconds", 0):
        rule = "must be greater than minReadySeconds"
        yield problems.invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], rule)
    yield from _strategy(spec.get("strategy") or {})


def replica_set(obj: Object, before: Object | None) -> Iterator[Problem]:
    yield from _replicated(obj.get("spec") or {}, before)


def _replicated(spec: Mapping[str, Any], before: Object | None) -> Iterator[Problem]:
    if spec.get("replicas", 0) < 0:
        yield problems.invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    template = spec.get("template") or {}
    if not template:
        yield problems.required("spec.template")
        return
    yield from _selector(spec.get("selector") or {}, template)
    yield from labels((template.get("metadata") or {}).get("labels") or {}, "spec.template.metadata.labels")
    yield from pod_spec(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        yield problems.unsupported("spec.template.spec.restartPolicy", policy, ["Always"])
    if before is not None and before["spec"].get("selector") != spec.get("selector"):
        yield problems.invalid("spec.selector", spec.get("selector"), "field is immutable")


def _selector(selector: Mapping[str, Any], template: Mapping[str, Any]) -> Iterator[Problem]:
    found = [*labels(selector.get("matchLabels") or {}, "spec.selector.matchLabels")]
    for index, each in enumerate(selector.get("matchExpressions") or ()):
        if each.get("operator") not in _OPERATORS:
            path = f"spec.selector.matchExpressions[{index}].operator"
            found.append(problems.invalid(path, each.get("operator"), "not a valid selector operator"))
    yield from found
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield problems.invalid("spec.selector", selector, "empty selector is invalid for deployment")
        return
    present = (template.get("metadata") or {}).get("labels") or {}
    if not found and not from_object(selector).matches(present):
        yield problems.invalid("spec.template.metadata.labels", present, "`selector` does not match template `labels`")


def _strategy(strategy: Mapping[str, Any]) -> Iterator[Problem]:
    path = "spec.strategy.rollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        if rolling is not None:
            rule = "may not be specified when strategy `type` is 'Recreate'"
            yield problems.forbidden(path, rule)
        return
    values = {name: (rolling or {}).get(name, 0) for name in ("maxUnavailable", "maxSurge")}
    for name, value in values.items():
        if isinstance(value, str) and not _PERCENT.fullmatch(value):
            rule = "must be an integer or percentage (e.g '5%')"
            yield problems.invalid(f"{path}.{name}", value, rule)
        elif isinstance(value, int) and value < 0:
            yield problems.invalid(f"{path}.{name}", value, "must be greater than or equal to 0")
    if all(value in (0, "0%") for value in values.values()):
        yield problems.invalid(f"{path}.maxUnavailable", values["maxUnavailable"], "may not be 0 when `maxSurge` is 0")
