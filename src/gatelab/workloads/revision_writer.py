"""Keeps the ControllerRevisions of the owners of one kind."""

from collections.abc import Collection, Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import CONTROLLER_REVISION
from gatelab.kinds.errors import AlreadyExists, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, controller_of, key_of
from gatelab.reconcile import Expectations, Mirror
from gatelab.workloads.controller_revisions import (
    data_of,
    equal_to,
    new_revision,
    next_number,
    number_of,
    superfluous,
)
from gatelab.workloads.ownership import Claims, index_owners


class RevisionWriter:
    """Adopts, creates, renumbers and deletes revisions."""

    def __init__(self, cluster: Cluster, kind: Kind, revisions: Mirror) -> None:
        self._cluster = cluster
        self._kind = kind
        self._revisions = revisions
        self._expected = Expectations(revisions)
        self._claims = Claims(cluster, kind, CONTROLLER_REVISION)
        index_owners(revisions)

    async def of(self, owner: Object) -> list[Object]:
        """The owner's revisions."""
        claimed = await self._claims.claimed(self._revisions, owner)
        return self._expected.current(key_of(owner), claimed)

    def forget(self, owner: Key) -> None:
        self._expected.forget(owner)

    async def ensure(self, owner: Object, revisions: Sequence[Object]) -> Object:
        """The revision of the owner's present template, with the highest number of all.

        Raises AlreadyExists when its name was another's; the next attempt takes another.
        """
        number = next_number(revisions)
        present = equal_to(data_of(owner), revisions)
        if present is None:
            return await self._create(owner, number)
        if number_of(present) == number - 1:
            return present
        patch = {"metadata": {"resourceVersion": present["metadata"]["resourceVersion"]}, "revision": number}
        renumbered = await self._cluster.patch(CONTROLLER_REVISION, key_of(present), patch)
        self._expected.wrote(key_of(owner), renumbered)
        return renumbered

    async def _create(self, owner: Object, number: int) -> Object:
        collisions = (owner.get("status") or {}).get("collisionCount")
        wanted = new_revision(self._kind, owner, number, collisions)
        try:
            created = await self._cluster.create(CONTROLLER_REVISION, wanted)
        except AlreadyExists:
            existing = await self._cluster.get(CONTROLLER_REVISION, key_of(wanted))
            reference = controller_of(existing)
            is_ours = reference is not None and reference["uid"] == owner["metadata"]["uid"]
            if is_ours and existing.get("data") == wanted["data"]:
                return existing
            status = {"collisionCount": (collisions or 0) + 1}
            await self._cluster.patch(self._kind, key_of(owner), {"status": status}, subresource="status")
            raise
        self._expected.wrote(key_of(owner), created)
        return created

    async def trim(self, owner: Object, revisions: Sequence[Object], in_use: Collection[str], limit: int) -> None:
        """Deletes the oldest revisions beyond the limit."""
        for each in superfluous(revisions, in_use, limit):
            self._expected.deleted(key_of(owner), each)
            try:
                await self._cluster.delete(CONTROLLER_REVISION, key_of(each), uid=each["metadata"]["uid"])
            except NotFound:
                continue
