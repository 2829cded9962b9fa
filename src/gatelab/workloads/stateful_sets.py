"""StatefulSet -> Pods with numbers and names that stay, brought and updated in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import StatefulSet
from gatelab.kinds.builtin import CONTROLLER_REVISION, NODE, POD, STATEFUL_SET
from gatelab.kinds.errors import AlreadyExists, ApiError, Invalid
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.schemas.problems import refusal
from gatelab.kinds.schemas.rules import metadata
from gatelab.kinds.timestamps import utc_now
from gatelab.kinds.views import view
from gatelab.reconcile import Expectations, Mirrors, Recorder, Watches, write_status
from gatelab.workloads.controller_revisions import has_template
from gatelab.workloads.ordinals import Member, Plan, is_of_current_revision, member, ordinal_of, plan
from gatelab.workloads.ownership import Claims, controller_key, controller_keys, index_owners
from gatelab.workloads.pod_writer import PodWriter, Words, all_at_once
from gatelab.workloads.revision_writer import RevisionWriter
from gatelab.workloads.stateful_pods import claim_names, identity, stateful_pod
from gatelab.workloads.stateful_set_status import status_of

_CATCH_UP_S = 0.05
_WORDS = Words(
    created="create Pod {pod} in StatefulSet {owner} successful",
    not_created="create Pod {pod} in StatefulSet {owner} failed error: {error}",
    deleted="delete Pod {pod} in StatefulSet {owner} successful",
    not_deleted="delete Pod {pod} in StatefulSet {owner} failed error: {error}",
)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A StatefulSet, its pods, and the revisions that they are, or shall be, of."""

    object: Object
    typed: StatefulSet
    members: Sequence[Member]
    current: Object
    update: Object


class StatefulSetController:
    """Keeps the pods of StatefulSets."""

    name = "statefulset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)
        self._claims = Claims(cluster, STATEFUL_SET, POD)

    def watches(self) -> Sequence[Watches]:
        return (
            Watches(STATEFUL_SET),
            Watches(POD, self._keys_of_pod),
            Watches(CONTROLLER_REVISION, lambda revision: controller_keys(revision, STATEFUL_SET)),
            Watches(NODE, lambda _: ()),
        )

    async def start(self, mirrors: Mirrors) -> None:
        self._sets = mirrors.of(STATEFUL_SET)
        self._pods = mirrors.of(POD)
        index_owners(self._pods)
        self._expected = Expectations(self._pods)
        self._writer = PodWriter(self._cluster, self._recorder, self._expected, _WORDS, mirrors.of(NODE))
        self._revisions = RevisionWriter(self._cluster, STATEFUL_SET, mirrors.of(CONTROLLER_REVISION))

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        if key := controller_key(pod, STATEFUL_SET):
            return (key,)
        # A name that a set waits for may have become free, whosesoever pod had it.
        prefix = pod["metadata"]["name"].rpartition("-")[0]
        sets = (self._sets.get(Key(pod["metadata"]["namespace"], prefix)),) if prefix else ()
        return [key_of(each) for each in sets if each is not None]

    async def reconcile(self, key: Key) -> float | None:
        obj = self._sets.get(key)
        if obj is None:
            self._expected.forget(key)
            self._revisions.forget(key)
            return None
        now = utc_now()
        revisions = await self._revisions.of(obj)
        if is_being_deleted(obj):
            return None
        scene = await self._scene(obj, revisions, now)
        if scene is None:
            return _CATCH_UP_S
        await self._tell_of_claims(scene)
        await self._relabel(scene)
        error = await self._do(scene, plan(scene.typed, scene.members, scene.update["metadata"]["name"]), now)
        await self._write_status(scene, revisions)
        if error is not None:
            raise error
        return min((each.wait_s for each in scene.members if each.wait_s), default=None)

    async def _scene(self, obj: Object, revisions: Sequence[Object], now: datetime) -> _Scene | None:
        """None while the mirror does not show a deletion: the pod may still run, and its name is taken."""
        typed, name = view(StatefulSet, obj), obj["metadata"]["name"]
        update = await self._revisions.ensure(obj, revisions)
        named = (each for each in revisions if each["metadata"]["name"] == typed.status.current_revision)
        current = next((each for each in named if has_template(each)), None)
        claimed = await self._claims.claimed(
            self._pods, obj, lambda pod: ordinal_of(name, pod["metadata"]["name"]) is not None
        )
        owned = self._expected.current(key_of(obj), claimed)
        if not {each["metadata"]["uid"] for each in claimed} <= {each["metadata"]["uid"] for each in owned}:
            return None
        return _Scene(obj, typed, [member(typed, each, now) for each in owned], current or update, update)

    async def _do(self, scene: _Scene, wanted: Plan, now: datetime) -> ApiError | None:
        obj = scene.object
        new = [
            stateful_pod(obj, each, scene.current if is_of_current_revision(scene.typed, each) else scene.update, now)
            for each in wanted.create
        ]
        return await all_at_once(
            [
                *(self._create(obj, each) for each in new),
                *(self._delete(obj, each) for each in wanted.delete),
            ]
        )

    async def _create(self, obj: Object, pod: dict[str, Any]) -> None:
        """Raises what the API refuses the pod with; what stays so until somebody acts is told in an Event."""
        name = pod["metadata"]["name"]
        try:
            # The labels hold the names of the pod and of its revision, which are longer than the set's own.
            if broken := list(metadata.broken(POD, pod)):
                raise refusal(POD, name, broken)
            await self._writer.create(obj, pod)
        except (Invalid, AlreadyExists) as error:
            present = self._pods.get(key_of(pod))
            is_own = present is None or controller_key(present, STATEFUL_SET) == key_of(obj)
            if isinstance(error, Invalid) or not is_own:
                words = _WORDS.not_created.format(pod=name, owner=obj["metadata"]["name"], error=error.message)
                await self._recorder.event(obj, "Warning", "FailedCreate", words)
            raise

    async def _delete(self, obj: Object, gone: Member) -> None:
        if gone.pod.is_finished:
            why = f"StatefulSet {key_of(obj)} is recreating {gone.pod.status.phase} Pod {gone.pod.metadata.name}"
            is_failed = gone.pod.status.phase == "Failed"
            reason = "RecreatingFailedPod" if is_failed else "RecreatingTerminatedPod"
            await self._recorder.event(obj, "Warning" if is_failed else "Normal", reason, why)
        await self._writer.delete(obj, gone.object)

    async def _relabel(self, scene: _Scene) -> None:
        """A pod that was adopted gets the labels of its number."""
        for each in scene.members:
            wanted = identity(each.pod.metadata.name, each.ordinal)
            if not each.pod.is_terminating and not wanted.items() <= each.pod.metadata.labels.items():
                version = each.object["metadata"]["resourceVersion"]
                patch = {"metadata": {"resourceVersion": version, "labels": wanted}}
                self._expected.wrote(key_of(scene.object), await self._cluster.patch(POD, key_of(each.object), patch))

    async def _tell_of_claims(self, scene: _Scene) -> None:
        """Once for each generation."""
        names = claim_names(scene.typed)
        if names and scene.typed.status.observed_generation != scene.typed.metadata.generation:
            message = (
                "spec.volumeClaimTemplates is stored but not acted on, as this cluster has no storage: pods get an "
                f"emptyDir in the place of {', '.join(names)}, which is empty again in every new pod"
            )
            await self._recorder.event(scene.object, "Warning", "VolumeClaimsNotSupported", message)

    async def _write_status(self, scene: _Scene, revisions: Sequence[Object]) -> None:
        names = (scene.current["metadata"]["name"], scene.update["metadata"]["name"])
        status = status_of(scene.typed, scene.members, *names)
        await write_status(self._cluster, STATEFUL_SET, scene.object, status)
        in_use = {*names, status["currentRevision"], *(each.revision for each in scene.members)}
        await self._revisions.trim(scene.object, revisions, in_use, scene.typed.spec.revision_history_limit)
