"""A node agent that only says that pods run: it makes them ready, and removes those that are to be deleted."""

import asyncio
from itertools import count
from typing import Any

from gatelab.cluster.port import Applied, Cluster, Deleted, Replaced
from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import Conflict, NotFound
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.kinds.timestamps import to_rfc3339, utc_now


class FakeKubelet:
    """Pods whose image is "never-ready" stay unready; with `hold` set, pods stay as they are, terminating or not."""

    def __init__(self, cluster: Cluster, octet: int = 25) -> None:
        self.cluster = cluster
        self.hold = False
        self._octet = octet
        self._numbers = count(1)
        self._addresses: dict[str, str] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            async for event in self.cluster.watch(POD):
                match event:
                    case Replaced(objects):
                        seen = list(objects)
                    case Applied(obj):
                        seen = [obj]
                    case Deleted():
                        seen = []
                for pod in seen:
                    if not self.hold and pod["spec"].get("nodeName"):
                        tasks.create_task(self._bring(pod))

    async def _bring(self, pod: Object) -> None:
        await asyncio.sleep(0)
        try:
            if is_being_deleted(pod):
                await self.cluster.delete(POD, key_of(pod), uid=pod["metadata"]["uid"], grace_period_s=0)
            elif pod["status"].get("phase") != "Running":
                await self.set_ready(key_of(pod), pod["spec"]["containers"][0]["image"] != "never-ready")
        except (NotFound, Conflict):
            return

    async def set_ready(self, key: Key, is_ready: bool) -> None:
        """Writes the status of a running pod."""
        pod = await self.cluster.get(POD, key)
        uid = pod["metadata"]["uid"]
        ip = self._addresses.setdefault(uid, f"127.{self._octet}.1.{next(self._numbers)}")
        await self.cluster.patch(POD, key, {"status": _running(ip, is_ready)}, subresource="status")


def _running(ip: str, is_ready: bool) -> dict[str, Any]:
    ready = {"type": "Ready", "status": str(is_ready), "lastTransitionTime": to_rfc3339(utc_now())}
    return {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [ready]}
