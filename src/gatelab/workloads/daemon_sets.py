"""DaemonSet -> one pod on the node, if the node is one that the set wants."""

from collections.abc import Iterable, Sequence
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.apps import DaemonSet
from gatelab.kinds.builtin import CONTROLLER_REVISION, DAEMON_SET, NODE, POD
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.timestamps import utc_now
from gatelab.kinds.views import view
from gatelab.reconcile import Expectations, Mirrors, Recorder, Watches, write_status
from gatelab.workloads.controller_revisions import hash_of
from gatelab.workloads.daemon_pods import Daemon, Plan, daemon, daemon_pod, plan, tolerant_spec
from gatelab.workloads.node_fit import fits, may_stay
from gatelab.workloads.ownership import Claims, concerned, controller_keys, index_owners
from gatelab.workloads.pod_writer import PodWriter, all_at_once
from gatelab.workloads.pods import NODE_NAME
from gatelab.workloads.revision_writer import RevisionWriter

_CATCH_UP_S = 0.05


class DaemonSetController:
    """Keeps the pods of DaemonSets."""

    name = "daemonset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)
        self._claims = Claims(cluster, DAEMON_SET, POD)

    def watches(self) -> Sequence[Watches]:
        return (
            Watches(DAEMON_SET),
            Watches(POD, self._keys_of_pod),
            Watches(CONTROLLER_REVISION, lambda revision: controller_keys(revision, DAEMON_SET)),
            Watches(NODE, lambda _: [key_of(each) for each in self._sets.list()]),
        )

    async def start(self, mirrors: Mirrors) -> None:
        self._sets = mirrors.of(DAEMON_SET)
        self._nodes = mirrors.of(NODE)
        self._pods = mirrors.of(POD)
        index_owners(self._pods)
        self._expected = Expectations(self._pods)
        self._writer = PodWriter(self._cluster, self._recorder, self._expected)
        self._revisions = RevisionWriter(self._cluster, DAEMON_SET, mirrors.of(CONTROLLER_REVISION))

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        return concerned(pod, DAEMON_SET, self._sets)

    async def reconcile(self, key: Key) -> float | None:
        obj = self._sets.get(key)
        if obj is None:
            self._expected.forget(key)
            self._revisions.forget(key)
            return None
        if is_being_deleted(obj):
            return None
        revisions = await self._revisions.of(obj)
        update = await self._revisions.ensure(obj, revisions)
        claimed = await self._claims.claimed(self._pods, obj)
        owned = self._expected.current(key, claimed)
        if not {each["metadata"]["uid"] for each in claimed} <= {each["metadata"]["uid"] for each in owned}:
            # A deletion that the mirror does not show yet: the pod may still run.
            return _CATCH_UP_S
        return await self._bring(obj, owned, update, revisions)

    async def _bring(
        self, obj: Object, owned: Sequence[Object], update: Object, revisions: Sequence[Object]
    ) -> float | None:
        typed, node, now = view(DaemonSet, obj), self._nodes.get(Key("", NODE_NAME)), utc_now()
        spec = tolerant_spec(update)
        daemons = [daemon(typed, each, now) for each in owned]
        starts, stays = node is not None and fits(spec, node), node is not None and may_stay(spec, node)
        error = await self._do(obj, update, plan(typed, daemons, hash_of(update), starts=starts, stays=stays))
        await write_status(self._cluster, DAEMON_SET, obj, _status(typed, daemons, hash_of(update), stays, starts))
        if error is not None:
            raise error
        hashes = {each.hash for each in daemons}
        in_use = {update["metadata"]["name"], *(r["metadata"]["name"] for r in revisions if hash_of(r) in hashes)}
        await self._revisions.trim(obj, revisions, in_use, typed.spec.revision_history_limit)
        return min((each.wait_s for each in daemons if each.wait_s), default=None)

    async def _do(self, obj: Object, update: Object, wanted: Plan) -> ApiError | None:
        new = [daemon_pod(obj, update, utc_now())] if wanted.create else []
        return await all_at_once(
            [
                *(self._writer.create(obj, each) for each in new),
                *(self._delete(obj, each) for each in wanted.delete),
            ]
        )

    async def _delete(self, obj: Object, gone: Daemon) -> None:
        if gone.pod.status.phase == "Failed":
            message = f"Found failed daemon pod {key_of(gone.object)} on node {NODE_NAME}, will try to kill it"
            await self._recorder.event(obj, "Warning", "FailedDaemonPod", message)
        elif gone.pod.status.phase == "Succeeded":
            message = f"Found succeeded daemon pod {key_of(gone.object)} on node {NODE_NAME}, will try to delete it"
            await self._recorder.event(obj, "Normal", "SucceededDaemonPod", message)
        await self._writer.delete(obj, gone.object)


def _status(typed: DaemonSet, daemons: Sequence[Daemon], update: str, stays: bool, starts: bool) -> dict[str, Any]:
    """DaemonSetStatus for one node (`updateDaemonSetStatus`); of several pods the oldest ready one speaks."""
    standing = [each for each in daemons if not each.pod.is_terminating]
    desired = int(stays and (starts or bool(daemons)))
    speaking = min(standing, key=lambda each: (each.wait_s is None, each.pod.metadata.creation_timestamp), default=None)
    available = int(bool(desired and speaking and speaking.wait_s == 0.0))
    counts = {
        "updatedNumberScheduled": int(bool(desired and any(each.hash == update for each in standing))),
        "numberAvailable": available,
        "numberUnavailable": desired - available,
    }
    status: dict[str, Any] = {
        "currentNumberScheduled": int(bool(desired and daemons)),
        "numberMisscheduled": int(bool(daemons and not stays)),
        "desiredNumberScheduled": desired,
        "numberReady": int(bool(desired and speaking and speaking.wait_s is not None)),
        "observedGeneration": typed.metadata.generation,
        **{name: count for name, count in counts.items() if count},
    }
    if typed.status.collision_count is not None:
        status["collisionCount"] = typed.status.collision_count
    return status
