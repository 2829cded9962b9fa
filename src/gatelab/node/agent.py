"""The kubelet: a worker for every Pod that is bound to this node, on an address of its own."""

import asyncio
import logging
from collections.abc import Mapping

import msgspec

from gatelab.cluster.port import Applied, Deleted, Replaced, WatchEvent
from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import ApiError, Conflict, NotFound
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.node.logs.files import forget_pod
from gatelab.node.network.pod_networks import shares_machine
from gatelab.node.pods.addresses import AddressesExhausted, PodAddresses
from gatelab.node.pods.host import PodHost
from gatelab.node.pods.worker import PodWorker

logger = logging.getLogger(__name__)

NODE_NAME = "gatelab"


class Agent:
    """Runs the pods of the node. Nothing of an earlier run is adopted: its processes ended with it."""

    def __init__(self, host: PodHost, addresses: PodAddresses, on_machine: PodAddresses | None = None) -> None:
        """`on_machine` has the addresses of pods in this machine's network, where others have networks of their own."""
        self._host = host
        self._addresses = addresses
        self._on_machine = on_machine or addresses
        self._workers: dict[str, PodWorker] = {}

    def running(self) -> Mapping[Key, Mapping[str, int]]:
        """The process of each running container of each pod."""
        return {worker.key: worker.pids for worker in self._workers.values()}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._host.reports.run())
            tasks.create_task(self._host.volumes.sources.run())
            async for event in self._host.cluster.watch(POD, fields=f"spec.nodeName={NODE_NAME}"):
                self._take(event, tasks)

    def _take(self, event: WatchEvent, tasks: asyncio.TaskGroup) -> None:
        match event:
            case Replaced(objects):
                for pool in {self._addresses, self._on_machine}:
                    pool.reserve(_address(each) for each in objects)
                present = {each["metadata"]["uid"] for each in objects}
                for uid in self._workers.keys() - present:
                    self._workers[uid].vanish()
                self._host.volumes.forget_others(frozenset(present | self._workers.keys()))
                for each in objects:
                    self._apply(each, tasks)
            case Applied(pod):
                self._apply(pod, tasks)
            case Deleted(pod):
                self._forget(pod)

    def _apply(self, pod: Object, tasks: asyncio.TaskGroup) -> None:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is not None:
            worker.update(pod)
        elif is_being_deleted(pod):
            tasks.create_task(self._remove(pod))
        elif (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            self._begin(pod, tasks)

    def _begin(self, pod: Object, tasks: asyncio.TaskGroup) -> None:
        now = asyncio.get_running_loop().time()
        address = _address(pod)
        try:
            pool = self._on_machine if shares_machine(view(Pod, pod)) else self._addresses
            address = address if pool.holds(address) else pool.take(now)
            worker = PodWorker(pod, address, self._host)
        except (AddressesExhausted, msgspec.ValidationError) as error:
            tasks.create_task(self._refuse(pod, str(error)))
            return
        self._workers[pod["metadata"]["uid"]] = worker
        tasks.create_task(self._run(worker))

    async def _run(self, worker: PodWorker) -> None:
        metadata = worker.pod.metadata
        try:
            await worker.run()
        except ExceptionGroup:
            # A bug met by one pod is that pod's; the others, and the lab, go on.
            logger.exception("pod %s: its worker ended", worker.key, extra=_about(worker.key))
            worker.kill()
        finally:
            del self._workers[metadata.uid]
            for pool in {self._addresses, self._on_machine}:
                pool.free(worker.address, asyncio.get_running_loop().time())
            forget_pod(self._host.log_folder, metadata.namespace, metadata.name, metadata.uid)

    async def _refuse(self, pod: Object, message: str) -> None:
        """A pod that cannot be run says so, and its owner may make another."""
        status = {"phase": "Failed", "reason": "NodeCannotRunPod", "message": message}
        try:
            await self._host.cluster.patch(POD, key_of(pod), {"status": status}, subresource="status")
        except ApiError as error:
            logger.warning("pod %s: %s (%s)", key_of(pod), message, error.message, extra=_about(key_of(pod)))

    async def _remove(self, pod: Object) -> None:
        """Deletes a pod of which nothing runs."""
        try:
            await self._host.cluster.delete(POD, key_of(pod), uid=pod["metadata"]["uid"], grace_period_s=0)
        except (NotFound, Conflict):
            return
        except ApiError as error:
            logger.warning("pod %s: not deleted: %s", key_of(pod), error.message, extra=_about(key_of(pod)))

    def _forget(self, pod: Object) -> None:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is not None:
            worker.vanish()


def _address(pod: Object) -> str:
    address: str = (pod.get("status") or {}).get("podIP", "")
    return address


def _about(key: Key) -> dict[str, str]:
    """Fields of a log line."""
    return {"object": f"Pod {key}"}
