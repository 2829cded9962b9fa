"""Deployments and ReplicaSets, and what the other owners of pod templates share with them."""

import re
from collections.abc import Iterable, Iterator, Mapping
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
    yield from _replicated(spec, before, "deployment")
    yield from not_negative(spec, _COUNTS)
    if spec.get("progressDeadlineSeconds", 1) <= spec.get("minReadySeconds", 0):
        rule = "must be greater than minReadySeconds"
        yield problems.invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], rule)
    yield from _strategy(spec.get("strategy") or {})


def replica_set(obj: Object, before: Object | None) -> Iterator[Problem]:
    yield from _replicated(obj.get("spec") or {}, before, "deployment")


def not_negative(spec: Mapping[str, Any], fields: Iterable[str]) -> Iterator[Problem]:
    """Numbers of a spec that may not be below 0."""
    for field in fields:
        if spec.get(field, 0) < 0:
            yield problems.invalid(f"spec.{field}", spec[field], "must be greater than or equal to 0")


def _replicated(spec: Mapping[str, Any], before: Object | None, owner: str) -> Iterator[Problem]:
    yield from not_negative(spec, ("replicas",))
    yield from templated(spec, owner)
    if before is not None and before["spec"].get("selector") != spec.get("selector"):
        yield problems.invalid("spec.selector", spec.get("selector"), "field is immutable")


def templated(spec: Mapping[str, Any], owner: str) -> Iterator[Problem]:
    """The selector and the pod template of a spec; `owner` is what messages call its kind."""
    template = spec.get("template") or {}
    if not template:
        yield problems.required("spec.template")
        return
    yield from _selector(spec.get("selector") or {}, template, owner)
    yield from labels((template.get("metadata") or {}).get("labels") or {}, "spec.template.metadata.labels")
    yield from pod_spec(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        yield problems.unsupported("spec.template.spec.restartPolicy", policy, ["Always"])


def _selector(selector: Mapping[str, Any], template: Mapping[str, Any], owner: str) -> Iterator[Problem]:
    found = [*labels(selector.get("matchLabels") or {}, "spec.selector.matchLabels")]
    for index, each in enumerate(selector.get("matchExpressions") or ()):
        if each.get("operator") not in _OPERATORS:
            path = f"spec.selector.matchExpressions[{index}].operator"
            found.append(problems.invalid(path, each.get("operator"), "not a valid selector operator"))
    yield from found
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield problems.invalid("spec.selector", selector, f"empty selector is invalid for {owner}")
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
        yield from portion(f"{path}.{name}", value)
    if all(value in (0, "0%") for value in values.values()):
        yield problems.invalid(f"{path}.maxUnavailable", values["maxUnavailable"], "may not be 0 when `maxSurge` is 0")


def portion(path: str, value: int | str) -> Iterator[Problem]:
    """A number of pods, or a percent."""
    if isinstance(value, str) and not _PERCENT.fullmatch(value):
        yield problems.invalid(path, value, "must be an integer or percentage (e.g '5%')")
    elif isinstance(value, int) and value < 0:
        yield problems.invalid(path, value, "must be greater than or equal to 0")
