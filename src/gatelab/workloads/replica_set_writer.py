"""What a Deployment writes to its ReplicaSets: creation, annotations, sizes; each with its Event."""

import time
from collections.abc import Sequence
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.builtin import DEPLOYMENT, REPLICA_SET
from gatelab.kinds.errors import AlreadyExists
from gatelab.kinds.objects import Key, Object, controller_of, key_of
from gatelab.kinds.views import view
from gatelab.reconcile import Recorder
from gatelab.workloads.revisions import (
    REVISION,
    annotations_for,
    is_of_template,
    new_replica_set,
    next_revision,
    size_annotations,
)

_CATCH_UP_AT_MOST_S = 5.0


class ReplicaSetWriter:
    """Writes, and remembers the last version written for each Deployment: sizes are computed from no older state."""

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._written: dict[Key, tuple[int, float]] = {}

    def is_caught_up(self, deployment: Key, version: int) -> bool:
        """Whether a mirror of `version` shows all that was written for the Deployment (or has had time to)."""
        written, until = self._written.get(deployment, (0, 0.0))
        return version >= written or time.monotonic() > until

    def forget(self, deployment: Key) -> None:
        self._written.pop(deployment, None)

    async def ensure_new(
        self, deployment: Object, new: Object | None, old: Sequence[Object], size: int
    ) -> tuple[Object, Object]:
        """The Deployment and its new ReplicaSet, created with `size` if need be, both with the right revision.

        Raises AlreadyExists when the name was somebody else's; the next attempt takes another.
        """
        revision = next_revision(old)
        if new is None:
            new = await self._create(deployment, revision, size)
        annotations = annotations_for(deployment, new["metadata"].get("annotations") or {}, revision)
        wait_s = view(Deployment, deployment).spec.min_ready_seconds
        if annotations != new["metadata"].get("annotations") or wait_s != new["spec"].get("minReadySeconds", 0):
            patch = {"metadata": {"annotations": annotations}, "spec": {"minReadySeconds": wait_s or None}}
            new = await self._patch(deployment, new, patch)
        number = annotations[REVISION]
        if (deployment["metadata"].get("annotations") or {}).get(REVISION) != number:
            revised = {"metadata": {"annotations": {REVISION: number}}}
            deployment = await self._cluster.patch(DEPLOYMENT, key_of(deployment), revised)
        return deployment, new

    async def resize(self, deployment: Object, replica_set: Object, size: int) -> Object:
        """Gives the ReplicaSet its size, and notes what the Deployment wanted at the time."""
        before = view(ReplicaSet, replica_set).spec.replicas
        annotations = size_annotations(view(Deployment, deployment))
        present = replica_set["metadata"].get("annotations") or {}
        if size == before and annotations.items() <= present.items():
            return replica_set
        patch = {"metadata": {"annotations": annotations}, "spec": {"replicas": size}}
        resized = await self._patch(deployment, replica_set, patch)
        if size != before:
            await self._say_scaled(deployment, replica_set, before, size)
        return resized

    async def _create(self, deployment: Object, revision: int, size: int) -> Object:
        wanted = new_replica_set(deployment, revision, size)
        try:
            created = await self._cluster.create(REPLICA_SET, wanted)
        except AlreadyExists:
            return await self._existing(deployment, wanted)
        self._note(deployment, created)
        if size:
            await self._say_scaled(deployment, created, 0, size)
        return created

    async def _existing(self, deployment: Object, wanted: Object) -> Object:
        """Ours that the mirror does not show yet, or one whose template has the same hash."""
        existing = await self._cluster.get(REPLICA_SET, key_of(wanted))
        owner = controller_of(existing)
        is_ours = owner is not None and owner["uid"] == deployment["metadata"]["uid"]
        if is_ours and is_of_template(existing, deployment["spec"]["template"]):
            return existing
        count = (view(Deployment, deployment).status.collision_count or 0) + 1
        await self._cluster.patch(
            DEPLOYMENT, key_of(deployment), {"status": {"collisionCount": count}}, subresource="status"
        )
        raise AlreadyExists(f'replicasets.apps "{wanted["metadata"]["name"]}" exists and is not of this template')

    async def _patch(self, deployment: Object, replica_set: Object, patch: dict[str, Any]) -> Object:
        version = replica_set["metadata"]["resourceVersion"]
        patch["metadata"]["resourceVersion"] = version
        patched = await self._cluster.patch(REPLICA_SET, key_of(replica_set), patch)
        self._note(deployment, patched)
        return patched

    def _note(self, deployment: Object, written: Object) -> None:
        version = int(written["metadata"]["resourceVersion"])
        self._written[key_of(deployment)] = (version, time.monotonic() + _CATCH_UP_AT_MOST_S)

    async def _say_scaled(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        message = f"Scaled {direction} replica set {replica_set['metadata']['name']} from {before} to {after}"
        await self._recorder.event(deployment, "Normal", "ScalingReplicaSet", message)
