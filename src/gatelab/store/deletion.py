"""What a request to delete an object comes to: removed at once, or marked and left to its finalizers or its kubelet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION, NAMESPACE, POD
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import is_being_deleted
from gatelab.kinds.timestamps import from_rfc3339, to_rfc3339
from gatelab.store import refusals
from gatelab.store.stored import Stored
from gatelab.store.versions import marked

Propagation = Literal["Background", "Foreground", "Orphan"]

FOREGROUND = "foregroundDeletion"
"""The finalizer of an owner that waits for its dependents."""
ORPHAN = "orphan"
"""The finalizer of an owner that lets its dependents go before it goes itself."""
_FINALIZER_OF = {"Background": None, "Foreground": FOREGROUND, "Orphan": ORPHAN}

_DEFAULT_GRACE_S = 30
_LONGEST_S = 10 * 365 * 24 * 3600
"""A grace period may be any number; a time of deletion beyond this could not be written down."""
_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_BUILTIN = frozenset(kind.qualified_plural for kind in BUILTIN)


@dataclass(frozen=True, slots=True)
class Request:
    """A DELETE. `grace_period_s` None means the object's own; it is heeded for Pods only, as in Kubernetes.

    `propagation` None leaves it to the finalizers that the object has.
    """

    uid: str | None = None
    resource_version: str | None = None
    grace_period_s: int | None = None
    propagation: Propagation | None = None


def check(kind: Kind, before: Stored, request: Request) -> None:
    """Raises Conflict for a precondition that does not hold, Forbidden for what must stay."""
    if request.uid and request.uid != before.uid:
        raise refusals.other_uid(kind, before.key, request.uid, before.uid)
    if request.resource_version and request.resource_version != str(before.version):
        raise refusals.other_version(kind, before.key, request.resource_version, before.version)
    if kind == NAMESPACE and before.key.name in _IMMORTAL:
        raise refusals.undeletable(kind, before.key)
    if kind == CUSTOM_RESOURCE_DEFINITION and before.key.name in _BUILTIN:
        raise refusals.built_in(kind, before.key)


def outcome(kind: Kind, before: Stored, request: Request, now: datetime) -> dict[str, Any] | None:
    """The object as it waits to be gone (equal to `before.object` when it already does), or None: gone."""
    grace = _grace(kind, before, request)
    finalizers = _finalizers(before, request.propagation)
    if not grace and not finalizers and kind != NAMESPACE:
        return None
    deletion = _deletion_fields(before, grace, now)
    if finalizers or before.metadata.get("finalizers"):
        deletion["finalizers"] = finalizers
    return marked(kind, before, deletion)


def _finalizers(before: Stored, propagation: Propagation | None) -> list[str]:
    """The object's finalizers with the one that the propagation asks for, and without the other."""
    present = list(before.metadata.get("finalizers") or ())
    if propagation is None:
        return present
    wanted = _FINALIZER_OF[propagation]
    kept = [each for each in present if each not in (FOREGROUND, ORPHAN) or each == wanted]
    return [*kept, wanted] if wanted is not None and wanted not in kept else kept


def is_over(kind: Kind, obj: Mapping[str, Any]) -> bool:
    """Whether an object that was marked has nothing left to wait for."""
    metadata = obj["metadata"]
    waits = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if kind == NAMESPACE:
        waits = waits or obj["spec"].get("finalizers")
    return is_being_deleted(obj) and not waits


def _grace(kind: Kind, before: Stored, request: Request) -> int:
    if kind != POD:
        return 0
    spec, status = before.object.get("spec") or {}, before.object.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = request.grace_period_s
    if grace is None:
        grace = spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE_S)
    # As in Kubernetes a negative period means one second.
    return grace if grace >= 0 else 1


def _deletion_fields(before: Stored, grace: int, now: datetime) -> dict[str, Any]:
    """Deletion is asked for once; a later request can only shorten the grace period, counted from the first."""
    if not is_being_deleted(before.object):
        until = now + timedelta(seconds=min(grace, _LONGEST_S))
        return {"deletionTimestamp": to_rfc3339(until), "deletionGracePeriodSeconds": grace}
    old = before.metadata.get("deletionGracePeriodSeconds", 0)
    if grace >= old:
        return {}
    until = from_rfc3339(before.metadata["deletionTimestamp"]) - timedelta(
        seconds=min(old, _LONGEST_S) - min(grace, _LONGEST_S)
    )
    return {"deletionTimestamp": to_rfc3339(until), "deletionGracePeriodSeconds": grace}
