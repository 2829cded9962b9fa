"""A node agent with real processes, on the embedded cluster: Pods in, statuses out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Deleted, Replaced
from gatelab.kinds.builtin import EVENT, POD
from gatelab.kinds.objects import Key, Object
from gatelab.node.agent import Agent
from gatelab.node.images import Catalogue
from gatelab.node.keeper.client import Keeper
from gatelab.node.logs import FileLogs
from gatelab.node.pods.addresses import PodAddresses
from gatelab.node.pods.host import PodHost
from gatelab.node.pods.reports import Reports
from gatelab.node.pods.volumes.pod import VolumeHost
from gatelab.node.pods.volumes.sources import Sources
from gatelab.reconcile.events import Recorder
from gatelab.store import Store

SERVER = """
import os, socket, sys, time
address = (os.environ["GATELAB_POD_IP"], int(os.environ.get("PORT", "8080")))
server = socket.create_server(address)
print("listening on", *address, flush=True)
while True:
    server.accept()[0].close()
"""
MakeObject = Callable[..., dict[str, Any]]


class Node:
    """A cluster with one agent."""

    def __init__(self, folder: Path, keeper: Keeper) -> None:
        self.folder = folder
        self.keeper = keeper
        self.cluster = EmbeddedCluster(Store.open(None))
        host = PodHost(
            cluster=self.cluster,
            keeper=keeper,
            catalogue=Catalogue(folder / "images.yaml", envoy=lambda: Path("/no/envoy")),
            reports=Reports(Recorder(self.cluster, "kubelet")),
            log_folder=folder / "logs",
            node_address="127.26.0.1",
            volumes=VolumeHost(Sources(self.cluster), folder / "content", folder / "disk"),
        )
        self.agent = Agent(host, PodAddresses(["127.26.2.1", "127.26.2.2", "127.26.2.3"]))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The agent runs for as long as the body."""
        async with asyncio.TaskGroup() as tasks:
            agent = tasks.create_task(self.agent.run())
            try:
                yield
            finally:
                agent.cancel()

    async def create(self, pod: dict[str, Any]) -> Key:
        await self.cluster.create(POD, pod)
        return Key("default", pod["metadata"]["name"])

    async def until(self, key: Key, claim: Callable[[Object], bool]) -> Object:
        """The first state of the pod that fits."""
        async with asyncio.timeout(100):
            async for event in self.cluster.watch(POD, namespace=key.namespace):
                pods = event.objects if isinstance(event, Replaced) else (event.object,)
                for pod in pods:
                    if pod["metadata"]["name"] == key.name and not isinstance(event, Deleted) and claim(pod):
                        return pod
        raise AssertionError("a watch does not end")

    async def until_gone(self, key: Key) -> None:
        async with asyncio.timeout(100):
            async for event in self.cluster.watch(POD, namespace=key.namespace):
                if isinstance(event, Deleted) and event.object["metadata"]["name"] == key.name:
                    return

    async def until_reported(self, key: Key, reason: str) -> list[tuple[str, str, str]]:
        """The pod's Events as they happened, once there is one of that reason."""
        found: list[Object] = []
        async with asyncio.timeout(100):
            async for event in self.cluster.watch(EVENT, namespace=key.namespace):
                found += event.objects if isinstance(event, Replaced) else (event.object,)
                if any(each["reason"] == reason for each in found):
                    break
        newest = {each["metadata"]["name"]: each for each in found if each["involvedObject"]["name"] == key.name}
        return [(each["type"], each["reason"], each["message"]) for _, each in sorted(newest.items())]

    async def field_paths(self, key: Key) -> set[str]:
        """Which containers the pod's Events are about."""
        found = await self.cluster.list(EVENT, namespace=key.namespace)
        return {each["involvedObject"].get("fieldPath", "") for each in found}

    async def until_said(self, key: Key, text: str) -> None:
        async with asyncio.timeout(100):
            while await self.log(key) != text:  # noqa: ASYNC110 - a file has no events
                await asyncio.sleep(0.01)

    async def log(self, key: Key) -> str:
        stream = FileLogs(self.folder / "logs").stream(
            key.namespace,
            key.name,
            "main",
            follow=False,
            previous=False,
            tail_lines=None,
            since_s=None,
            timestamps=False,
            limit_bytes=None,
        )
        return b"".join([piece async for piece in stream]).decode(errors="replace")


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def eventually(claim: Callable[[], bool]) -> None:
    """What a process or a task does in its own time."""
    async with asyncio.timeout(100):
        while not claim():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def main_of(pod: Object) -> dict[str, Any]:
    status: dict[str, Any] = pod["status"]["containerStatuses"][0]
    return status


def waits_for(reason: str) -> Callable[[Object], bool]:
    return lambda pod: bool(pod.get("status")) and main_of(pod)["state"].get("waiting", {}).get("reason") == reason
