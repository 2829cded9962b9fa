"""Deployment -> ReplicaSets: one for each template, sized step by step so that enough pods are always available."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.builtin import DEPLOYMENT, POD, REPLICA_SET
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.pods import Pod
from gatelab.kinds.timestamps import utc_now
from gatelab.kinds.views import view
from gatelab.reconcile import Mirror, Mirrors, Recorder, Watches, write_status
from gatelab.workloads import rollout
from gatelab.workloads.deployment_status import is_complete, next_look_s, status_of
from gatelab.workloads.ownership import OWNED, Claims, controller_key, index_owners, selects
from gatelab.workloads.replica_set_writer import ReplicaSetWriter
from gatelab.workloads.revisions import split, superfluous

_CATCH_UP_S = 0.05


@dataclass(frozen=True, slots=True)
class _Scene:
    """A Deployment and its ReplicaSets, as far as this reconciliation has brought them."""

    object: Object
    new: Object | None
    old: tuple[Object, ...]

    @property
    def deployment(self) -> Deployment:
        return view(Deployment, self.object)

    @property
    def typed_new(self) -> ReplicaSet | None:
        return view(ReplicaSet, self.new) if self.new else None

    @property
    def typed_old(self) -> list[ReplicaSet]:
        return [view(ReplicaSet, each) for each in self.old]

    @property
    def everything(self) -> list[Object]:
        return [*self.old, self.new] if self.new else list(self.old)

    @property
    def typed(self) -> list[ReplicaSet]:
        return [view(ReplicaSet, each) for each in self.everything]


class DeploymentController:
    """Rolls Deployments out."""

    name = "deployment-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)
        self._writer = ReplicaSetWriter(cluster, self._recorder)
        self._claims = Claims(cluster, DEPLOYMENT, REPLICA_SET)

    def watches(self) -> Sequence[Watches]:
        return (Watches(DEPLOYMENT), Watches(REPLICA_SET, self._keys_of_set), Watches(POD, self._keys_of_pod))

    async def start(self, mirrors: Mirrors) -> None:
        self._deployments = mirrors.of(DEPLOYMENT)
        self._sets: Mirror = mirrors.of(REPLICA_SET)
        self._pods: Mirror = mirrors.of(POD)
        index_owners(self._sets)
        index_owners(self._pods)

    def _keys_of_set(self, replica_set: Object) -> Iterable[Key]:
        if key := controller_key(replica_set, DEPLOYMENT):
            return (key,)
        deployments = self._deployments.list(replica_set["metadata"]["namespace"])
        return [key_of(each) for each in deployments if selects(each, replica_set)]

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        """Only for strategy Recreate, which waits for the last old pod to be gone."""
        set_key = controller_key(pod, REPLICA_SET)
        owner = self._sets.get(set_key) if set_key else None
        key = controller_key(owner, DEPLOYMENT) if owner else None
        deployment = self._deployments.get(key) if key else None
        is_awaited = deployment is not None and view(Deployment, deployment).spec.strategy.type == "Recreate"
        return (key,) if key and is_awaited else ()

    async def reconcile(self, key: Key) -> float | None:
        obj = self._deployments.get(key)
        if obj is None:
            self._writer.forget(key)
            return None
        if not self._writer.is_caught_up(key, self._sets.version):
            return _CATCH_UP_S
        try:
            rollout.bounds(view(Deployment, obj))
        except ValueError as error:
            message = f"spec.strategy.rollingUpdate: {error}"
            await self._recorder.event(obj, "Warning", "InvalidStrategy", message)
            return None
        new, old = split(obj, await self._claims.claimed(self._sets, obj))
        scene = _Scene(obj, new, tuple(old))
        if not is_being_deleted(obj):
            scene = await self._progress(scene)
        return await self._write_status(scene)

    async def _progress(self, scene: _Scene) -> _Scene:
        """One step. The changes that it makes bring the next one."""
        deployment = scene.deployment
        if deployment.spec.paused or rollout.is_scaling(deployment, scene.typed):
            sizes = rollout.scaled_sizes(deployment, scene.typed_old, scene.typed_new)
            if sizes or deployment.spec.paused:
                return await self._sized(scene, sizes)
        if deployment.spec.strategy.type == "Recreate":
            return await self._recreate(scene)
        scene = await self._with_new(scene)
        new = scene.typed_new
        if new is None:
            return scene
        size = rollout.new_size(deployment, scene.typed, new)
        if size != new.spec.replicas:
            return await self._sized(scene, {new.metadata.name: size})
        return await self._sized(scene, rollout.old_sizes(deployment, scene.typed_old, new))

    async def _recreate(self, scene: _Scene) -> _Scene:
        active = {each.metadata.name: 0 for each in scene.typed_old if each.spec.replicas > 0}
        if active:
            return await self._sized(scene, active)
        if any(self._has_pods(each) for each in scene.old):
            return scene
        scene = await self._with_new(scene)
        new = scene.typed_new
        return await self._sized(scene, {new.metadata.name: scene.deployment.spec.replicas}) if new else scene

    def _has_pods(self, replica_set: Object) -> bool:
        pods = self._pods.by_index(OWNED, replica_set["metadata"]["uid"])
        return any(not view(Pod, each).is_finished for each in pods)

    async def _with_new(self, scene: _Scene) -> _Scene:
        size = rollout.new_size(scene.deployment, scene.typed, scene.typed_new)
        obj, new = await self._writer.ensure_new(scene.object, scene.new, scene.old, size)
        return replace(scene, object=obj, new=new)

    async def _sized(self, scene: _Scene, sizes: rollout.Sizes) -> _Scene:
        written = [
            await self._writer.resize(scene.object, each, sizes[each["metadata"]["name"]])
            if each["metadata"]["name"] in sizes
            else each
            for each in scene.everything
        ]
        return replace(scene, old=tuple(written[: len(scene.old)]), new=written[-1] if scene.new else None)

    async def _write_status(self, scene: _Scene) -> float | None:
        deployment, now = scene.deployment, utc_now()
        status = status_of(deployment, scene.typed, scene.typed_new, now)
        absent = {"Progressing", "ReplicaFailure"} - {each["type"] for each in status["conditions"]}
        await write_status(self._cluster, DEPLOYMENT, scene.object, status, absent=absent)
        if is_complete(deployment, {"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0} | status):
            for each in superfluous(deployment, scene.old):
                await self._cluster.delete(REPLICA_SET, key_of(each), uid=each["metadata"]["uid"])
        return next_look_s(deployment, status, now)
