"""How a namespace ends: what its status tells of what is left in it, and when its finalizer goes.

Conditions and words are those of Kubernetes' namespace controller
(kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.kinds.objects import is_being_deleted
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.store.stored import Stored
from gatelab.store.tables import IndexedObjects, Place

_FINE = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


def ended(objects: IndexedObjects, namespace: Stored, now: datetime) -> dict[str, Any] | None:
    """The namespace as it should be now that its content has been told to go; None when it is so already."""
    places = objects.content(namespace.key.name)
    left = [(place, stored) for place in places if (stored := objects.get(*place)) is not None]
    if any(not is_being_deleted(stored.object) for _, stored in left):
        return None  # Not yet told to go: their own steps come.
    status = namespace.object.get("status") or {}
    before = status.get("conditions") or ()
    conditions = [_kept(each, before, now) for each in _conditions(left)] if left or before else []
    new = {**namespace.object}
    if conditions:
        new["status"] = {**status, "conditions": conditions}
    if not left:
        new["spec"] = {**namespace.object["spec"], "finalizers": []}
    return new if new != namespace.object else None


def _conditions(left: Sequence[tuple[Place, Stored]]) -> list[dict[str, str]]:
    counts = Counter(f"{place.kind.plural}.{place.kind.group}" for place, _ in left)
    holders = Counter(each for _, stored in left for each in stored.metadata.get("finalizers") or ())
    remaining = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(counts.items()))
    held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(holders.items()))
    return [
        *(_condition(type_, "False", reason, message) for type_, reason, message in _FINE),
        _condition(
            "NamespaceContentRemaining", "True", "SomeResourcesRemain", f"Some resources are remaining: {remaining}"
        )
        if left
        else _condition("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"),
        _condition(
            "NamespaceFinalizersRemaining",
            "True",
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {held}",
        )
        if holders
        else _condition(
            "NamespaceFinalizersRemaining",
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ]


def _condition(type_: str, status: str, reason: str, message: str) -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def _kept(condition: dict[str, str], before: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """The condition with its time, which is the old one unless its status changed."""
    old: Mapping[str, Any] = next((each for each in before if each.get("type") == condition["type"]), {})
    same = old.get("status") == condition["status"] and old.get("lastTransitionTime")
    time = old["lastTransitionTime"] if same else to_rfc3339(now)
    return {"type": condition["type"], "status": condition["status"], "lastTransitionTime": time, **condition}
