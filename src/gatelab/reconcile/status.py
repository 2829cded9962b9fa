"""The status writer."""

from collections.abc import Collection, Mapping
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.conditions import merged
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object, key_of
from gatelab.kinds.timestamps import to_rfc3339, utc_now


async def write_status(
    cluster: Cluster, kind: Kind, obj: Object, status: Mapping[str, Any], *, absent: Collection[str] = ()
) -> Object:
    """Makes `status` the whole status of `obj` if it is not, and returns the object.

    `status["conditions"]`, when given, are merged into those present by `kinds.conditions.merged`, so
    `lastTransitionTime` need not be filled; those of the types `absent` are taken out. What is equal is not written.
    Raises Conflict when `obj` is not the latest version, for a status computed from an old state is not worth writing;
    NotFound when it is gone.
    """
    present = obj.get("status") or {}
    wanted = dict(status)
    if "conditions" in wanted:
        conditions = [each for each in present.get("conditions") or () if each["type"] not in absent]
        wanted["conditions"] = merged(conditions, wanted["conditions"], now=to_rfc3339(utc_now()))
    if wanted == present:
        return obj
    patch: dict[str, Any] = {"status": merge_patch(present, wanted)}
    if version := obj["metadata"].get("resourceVersion"):
        patch["metadata"] = {"resourceVersion": version}
    return await cluster.patch(kind, key_of(obj), patch, subresource="status")


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that turns `before` into `after`, neither of which holds nulls."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch
