"""The scheduler of a cluster of one node: pods that nobody bound get the node, or wait until it suits them."""

from collections.abc import Iterable, Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import NODE, POD
from gatelab.kinds.conditions import condition, merged
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.reconcile import Mirrors, Recorder, Watches, write_status
from gatelab.workloads.node_fit import why_not
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
        unbound = Watches(POD, lambda pod: () if pod["spec"].get("nodeName") else (key_of(pod),))
        return (unbound, Watches(NODE, lambda _: self._waiting()))

    async def start(self, mirrors: Mirrors) -> None:
        self._pods = mirrors.of(POD)
        self._nodes = mirrors.of(NODE)

    def _waiting(self) -> Iterable[Key]:
        return [key_of(each) for each in self._pods.list() if not each["spec"].get("nodeName")]

    async def reconcile(self, key: Key) -> float | None:
        pod = self._pods.get(key)
        if pod is None or pod["spec"].get("nodeName") or is_being_deleted(pod):
            return None
        obstacle = why_not(pod["spec"], self._nodes.get(Key("", NODE_NAME)))
        await (self._bind(pod) if obstacle is None else self._leave(pod, obstacle))
        return None

    async def _bind(self, pod: Object) -> None:
        metadata = {"resourceVersion": pod["metadata"]["resourceVersion"]}
        bound = await self._cluster.patch(POD, key_of(pod), {"metadata": metadata, "spec": {"nodeName": NODE_NAME}})
        status = {"phase": "Pending", **(bound.get("status") or {}), "conditions": [scheduled(utc_now())]}
        await write_status(self._cluster, POD, bound, status)
        await report_binding(self._recorder, bound)

    async def _leave(self, pod: Object, obstacle: str) -> None:
        """Says why the pod waits; once for each reason."""
        present = pod.get("status") or {}
        conditions = present.get("conditions") or ()
        found = condition(conditions, "PodScheduled")
        if found is not None and found.get("message") == obstacle:
            return
        waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": obstacle}
        status = {**present, "phase": "Pending", "conditions": merged(conditions, [waits], now=to_rfc3339(utc_now()))}
        await write_status(self._cluster, POD, pod, status)
        await self._recorder.event(pod, "Warning", "FailedScheduling", obstacle)
