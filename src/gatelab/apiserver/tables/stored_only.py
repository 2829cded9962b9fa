"""The columns of Leases, and of the kinds that are stored and not acted on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.apiserver.tables.cells import (
    UNKNOWN,
    Cell,
    Column,
    age_column,
    at,
    field,
    joined,
    name_column,
    selector_shown,
)
from gatelab.kinds.objects import Object

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def lease_columns() -> Sequence[Column]:
    return (name_column(), Column("Holder", field("spec", "holderIdentity")), age_column())


def role_columns() -> Sequence[Column]:
    return (name_column(), Column("Created At", field("metadata", "creationTimestamp")))


limit_range_columns = role_columns


def binding_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Role", lambda obj, _: f"{at(obj, 'roleRef', 'kind')}/{at(obj, 'roleRef', 'name')}"),
        age_column(),
        Column("Users", _subjects("User"), 1),
        Column("Groups", _subjects("Group"), 1),
        Column("ServiceAccounts", _subjects("ServiceAccount"), 1),
    )


def _subjects(kind: str) -> Cell:
    def cell(binding: Object, _: datetime) -> str:
        found = [each for each in binding.get("subjects") or () if each.get("kind") == kind]
        names = [f"{each['namespace']}/{each['name']}" if each.get("namespace") else each["name"] for each in found]
        return ", ".join(names)

    return cell


def budget_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Min Available", field("spec", "minAvailable", absent="N/A")),
        Column("Max Unavailable", field("spec", "maxUnavailable", absent="N/A")),
        Column("Allowed Disruptions", field("status", "disruptionsAllowed", absent=0), type="integer"),
        age_column(),
    )


def network_policy_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Pod-Selector", lambda obj, _: selector_shown(at(obj, "spec", "podSelector"))),
        age_column(),
    )


def autoscaler_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Reference", _scaled),
        Column("Targets", lambda obj, _: joined(_target(each) for each in at(obj, "spec", "metrics") or ())),
        Column("MinPods", field("spec", "minReplicas", absent="<unset>")),
        Column("MaxPods", field("spec", "maxReplicas"), type="integer"),
        Column("Replicas", field("status", "currentReplicas", absent=0), type="integer"),
        age_column(),
    )


def _scaled(autoscaler: Object, _: datetime) -> str:
    return f"{at(autoscaler, 'spec', 'scaleTargetRef', 'kind')}/{at(autoscaler, 'spec', 'scaleTargetRef', 'name')}"


def _target(metric: Mapping[str, Any]) -> str:
    """A metric's target. What it is at present nobody knows."""
    source = next((value for key, value in metric.items() if key != "type" and isinstance(value, dict)), {})
    target = source.get("target") or {}
    if target.get("averageUtilization") is not None:
        wanted = f"{target['averageUtilization']}%"
    else:
        wanted = str(target.get("averageValue") or target.get("value") or "<auto>")
    name = f"{source['name']}: " if source.get("name") else ""
    return f"{name}{UNKNOWN}/{wanted}"


def claim_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Status", field("status", "phase", absent="")),
        Column("Volume", field("spec", "volumeName", absent="")),
        Column("Capacity", field("status", "capacity", "storage", absent="")),
        Column("Access Modes", lambda obj, _: _modes(at(obj, "status", "accessModes") or ())),
        Column("StorageClass", field("spec", "storageClassName", absent="")),
        Column("VolumeAttributesClass", field("spec", "volumeAttributesClassName", absent="<unset>")),
        age_column(),
        Column("VolumeMode", field("spec", "volumeMode", absent="<unset>"), 1),
    )


def _modes(modes: Sequence[str]) -> str:
    return ",".join(_MODES.get(each, each) for each in modes)


def quota_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Request", _used(lambda name: not name.startswith("limits."))),
        Column("Limit", _used(lambda name: name.startswith("limits."))),
        age_column(),
    )


def _used(counts: Callable[[str], bool]) -> Cell:
    def cell(quota: Object, _: datetime) -> str:
        hard, used = at(quota, "status", "hard") or {}, at(quota, "status", "used") or {}
        return ", ".join(f"{name}: {used.get(name, 0)}/{hard[name]}" for name in sorted(hard) if counts(name))

    return cell
