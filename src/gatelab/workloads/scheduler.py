"""The scheduler of a cluster of one node: pods that nobody bound (made by users) get the node."""

from collections.abc import Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import POD
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.timestamps import utc_now
from gatelab.reconcile import Mirrors, Recorder, Watches, write_status
from gatelab.workloads.pods import NODE_NAME, scheduled

SCHEDULER = "default-scheduler"


async def report_binding(recorder: Recorder, pod: Object) -> None:
    """The Event of a pod that got its node. `recorder` writes as the scheduler."""
    message = f"Successfully assigned {key_of(pod)} to {pod['spec']['nodeName']}"
    await recorder.event(pod, "Normal", "Scheduled", message)


class Scheduler:
    """Binds pods to the node."""

    name = SCHEDULER

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorder = Recorder(cluster, self.name)

    def watches(self) -> Sequence[Watches]:
        return (Watches(POD, lambda pod: () if pod["spec"].get("nodeName") else (key_of(pod),)),)

    async def start(self, mirrors: Mirrors) -> None:
        self._pods = mirrors.of(POD)

    async def reconcile(self, key: Key) -> float | None:
        pod = self._pods.get(key)
        if pod is None or pod["spec"].get("nodeName") or is_being_deleted(pod):
            return None
        metadata = {"resourceVersion": pod["metadata"]["resourceVersion"]}
        bound = await self._cluster.patch(POD, key, {"metadata": metadata, "spec": {"nodeName": NODE_NAME}})
        status = {"phase": "Pending", **(bound.get("status") or {}), "conditions": [scheduled(utc_now())]}
        await write_status(self._cluster, POD, bound, status)
        await report_binding(self._recorder, bound)
        return None
