"""Which objects an owner controls: by its controller reference, taken up or let go by its selector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.errors import Conflict, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, controller_of, is_being_deleted, key_of
from gatelab.kinds.selectors import from_object
from gatelab.reconcile import Mirror

OWNED = "controller-uid"
"""The index of what an owner controls, by the owner's uid."""
ORPHANS = "orphans-of-namespace"
"""The index of what nobody controls, by namespace."""


def index_owners(mirror: Mirror) -> None:
    """Adds the indices that `claimed` reads."""
    mirror.add_index(OWNED, lambda obj: _owner_uid(obj))
    mirror.add_index(ORPHANS, lambda obj: () if controller_of(obj) else (obj["metadata"].get("namespace", ""),))


def _owner_uid(obj: Object) -> Sequence[str]:
    reference = controller_of(obj)
    return (reference["uid"],) if reference else ()


def controller_reference(kind: Kind, owner: Object) -> dict[str, Any]:
    """The reference that makes `owner` the controller of what carries it."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_key(obj: Object, kind: Kind) -> Key | None:
    """The key of the controller of `obj`, if it has one of that kind."""
    reference = controller_of(obj)
    if reference is None or reference["kind"] != kind.name:
        return None
    return Key(obj["metadata"].get("namespace", ""), reference["name"])


def controller_keys(obj: Object, kind: Kind) -> Sequence[Key]:
    """The same as what `Watches` asks for."""
    key = controller_key(obj, kind)
    return (key,) if key else ()


def concerned(obj: Object, kind: Kind, owners: Mirror) -> Sequence[Key]:
    """Whom a change of `obj` concerns: its controller of that kind, or those who select the orphan and may adopt it."""
    if key := controller_key(obj, kind):
        return (key,)
    if is_being_deleted(obj):
        return ()
    return [key_of(each) for each in owners.list(obj["metadata"]["namespace"]) if selects(each, obj)]


def selects(owner: Object, obj: Object) -> bool:
    """Whether the owner's selector matches; an empty one selects nothing."""
    selector = from_object(owner["spec"].get("selector") or {})
    return bool(selector.requirements) and selector.matches(obj["metadata"].get("labels") or {})


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims objects of `kind` for owners of `owner_kind` (as `ControllerRefManager` of Kubernetes does)."""

    cluster: Cluster
    owner_kind: Kind
    kind: Kind

    async def claimed(
        self, mirror: Mirror, owner: Object, fits: Callable[[Object], bool] = lambda _: True
    ) -> list[Object]:
        """What the owner controls after orphans that it selects are adopted, and what it no longer selects released.

        `fits` is what the owner asks beside its selector. An owner that is being deleted adopts nothing. What changed
        meanwhile is left for the next time.
        """
        selector = from_object(owner["spec"].get("selector") or {})
        kept = []
        for obj in mirror.by_index(OWNED, owner["metadata"]["uid"]):
            if selector.matches(obj["metadata"].get("labels") or {}) and fits(obj):
                kept.append(obj)
            elif not is_being_deleted(obj):
                await self._release(owner, obj)
        if not is_being_deleted(owner):
            kept += await self._adopted(mirror, owner, fits)
        return kept

    async def _adopted(self, mirror: Mirror, owner: Object, fits: Callable[[Object], bool]) -> list[Object]:
        adopted = []
        for obj in mirror.by_index(ORPHANS, owner["metadata"]["namespace"]):
            if is_being_deleted(obj) or not selects(owner, obj) or not fits(obj):
                continue
            references = [*obj["metadata"].get("ownerReferences", ()), controller_reference(self.owner_kind, owner)]
            if (taken := await self._refer(obj, references)) is not None:
                adopted.append(taken)
        return adopted

    async def _release(self, owner: Object, obj: Object) -> None:
        uid = owner["metadata"]["uid"]
        await self._refer(obj, [each for each in obj["metadata"]["ownerReferences"] if each["uid"] != uid])

    async def _refer(self, obj: Object, references: list[Any]) -> Object | None:
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"], "ownerReferences": references}
        try:
            return await self.cluster.patch(self.kind, key_of(obj), {"metadata": metadata})
        except (Conflict, NotFound):
            return None
