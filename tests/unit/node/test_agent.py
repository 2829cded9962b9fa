"""The agent with real processes, on the embedded cluster: Pods in, statuses out."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Deleted, Replaced
from gatelab.kinds.builtin import CONFIG_MAP, EVENT, NAMESPACE, POD
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
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
        async with asyncio.timeout(10):
            async for event in self.cluster.watch(POD, namespace=key.namespace):
                pods = event.objects if isinstance(event, Replaced) else (event.object,)
                for pod in pods:
                    if pod["metadata"]["name"] == key.name and not isinstance(event, Deleted) and claim(pod):
                        return pod
        raise AssertionError("a watch does not end")

    async def until_gone(self, key: Key) -> None:
        async with asyncio.timeout(10):
            async for event in self.cluster.watch(POD, namespace=key.namespace):
                if isinstance(event, Deleted) and event.object["metadata"]["name"] == key.name:
                    return

    async def until_reported(self, key: Key, reason: str) -> list[tuple[str, str, str]]:
        """The pod's Events as they happened, once there is one of that reason."""
        found: list[Object] = []
        async with asyncio.timeout(10):
            async for event in self.cluster.watch(EVENT, namespace=key.namespace):
                found += event.objects if isinstance(event, Replaced) else (event.object,)
                if any(each["reason"] == reason for each in found):
                    break
        newest = {each["metadata"]["name"]: each for each in found if each["involvedObject"]["name"] == key.name}
        return [(each["type"], each["reason"], each["message"]) for _, each in sorted(newest.items())]

    async def until_said(self, key: Key, text: str) -> None:
        async with asyncio.timeout(5):
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
        return b"".join([piece async for piece in stream]).decode()


@pytest.fixture
async def stopped_node(tmp_path: Path) -> AsyncIterator[Node]:
    images = {
        "test/server:1": {"command": [sys.executable, "-S", "-c", SERVER]},
        "test/sleep:1": {"command": ["sleep", "60"]},
    }
    (tmp_path / "images.yaml").write_text(yaml.safe_dump({"images": images}))
    keeper = Keeper.start()
    asyncio.get_running_loop().add_reader(keeper.fileno(), keeper.receive)
    made = Node(tmp_path, keeper)
    await made.cluster.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    yield made
    asyncio.get_running_loop().remove_reader(keeper.fileno())
    keeper.close()


@pytest.fixture
async def node(stopped_node: Node) -> AsyncIterator[Node]:
    async with stopped_node.running():
        yield stopped_node


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def eventually(claim: Callable[[], bool]) -> None:
    """What a process or a task does in its own time."""
    async with asyncio.timeout(5):
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


async def test_a_pod_listens_on_its_own_address_and_becomes_ready_long_before_its_period(
    node: Node, make_object: MakeObject
) -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 60}
    key = await node.create(make_object({"image": "test/server:1", "readinessProbe": probe}))
    pod = await node.until(key, is_ready)
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"] == "127.26.2.1"
    assert pod["status"]["hostIP"] == "127.26.0.1"
    reader, writer = await asyncio.open_connection("127.26.2.1", 8080)
    assert await reader.read() == b""
    writer.close()
    assert await node.log(key) == "listening on 127.26.2.1 8080\n"
    assert main_of(pod)["containerID"] == f"process://{node.agent.running()[key]['main']}"


async def test_deleting_a_pod_ends_its_process_and_removes_it(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "test/sleep:1"}))
    await node.until(key, is_ready)
    pid = node.agent.running()[key]["main"]
    await node.cluster.delete(POD, key)
    await node.until_gone(key)
    assert not is_there(pid)
    await eventually(lambda: key not in node.agent.running())
    with pytest.raises(NotFound):
        await node.log(key)


async def test_a_pod_that_ignores_sigterm_is_killed_after_its_grace(node: Node, make_object: MakeObject) -> None:
    stubborn = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
    key = await node.create(make_object({"image": "test/sleep:1", "command": stubborn}))
    await node.until(key, is_ready)
    await node.until_said(key, "ready\n")
    started = asyncio.get_running_loop().time()
    await node.cluster.delete(POD, key, grace_period_s=1)
    await node.until_gone(key)
    assert 0.9 < asyncio.get_running_loop().time() - started < 3


async def test_a_pod_that_is_removed_by_force_leaves_no_process(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "test/sleep:1"}))
    await node.until(key, is_ready)
    pid = node.agent.running()[key]["main"]
    await node.cluster.delete(POD, key, grace_period_s=0)
    await eventually(lambda: not is_there(pid))


async def test_a_crash_is_seen_with_its_code_and_backs_off(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "test/sleep:1", "command": ["sh", "-c", "echo no; exit 7"]}))
    pod = await node.until(key, waits_for("CrashLoopBackOff"))
    assert main_of(pod)["restartCount"] == 1
    uid = pod["metadata"]["uid"]
    *_, last = await node.until_reported(key, "BackOff")
    assert last == ("Warning", "BackOff", f"Back-off restarting failed container main in pod hello_default({uid})")
    assert main_of(pod)["lastState"]["terminated"]["exitCode"] == 7
    assert pod["status"]["phase"] == "Running"
    assert await node.log(key) == "no\n"


async def test_a_job_like_pod_succeeds(node: Node, make_object: MakeObject) -> None:
    pod = make_object({"image": "test/sleep:1", "command": ["true"]}, restartPolicy="Never")
    key = await node.create(pod)
    ended = await node.until(key, lambda each: each.get("status", {}).get("phase") == "Succeeded")
    assert main_of(ended)["state"]["terminated"]["reason"] == "Completed"


async def test_an_unknown_image_names_the_line_to_add_and_starts_once_it_is_there(
    node: Node, make_object: MakeObject
) -> None:
    key = await node.create(make_object({"image": "test/new:1"}))
    pod = await node.until(key, waits_for("ErrImagePull"))
    message = main_of(pod)["state"]["waiting"]["message"]
    assert str(node.folder / "images.yaml") in message
    with (node.folder / "images.yaml").open("a") as file:
        file.write('  "test/new:1": {command: [sleep, "60"]}\n')
    await node.until(key, is_ready)
    events = await node.until_reported(key, "Started")
    assert events == [
        ("Warning", "Failed", f'Failed to pull image "test/new:1": {message}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "Pulled", 'Container image "test/new:1" already present on machine'),
        ("Normal", "Created", "Created container: main"),
        ("Normal", "Started", "Started container main"),
    ]


async def test_the_events_of_a_pod_tell_its_end_too(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "test/sleep:1"}))
    await node.until(key, is_ready)
    await node.cluster.delete(POD, key)
    await node.until_gone(key)
    *_, last = await node.until_reported(key, "Killing")
    assert last == ("Normal", "Killing", "Stopping container main")


async def test_a_program_that_is_not_there_is_told(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "test/sleep:1", "command": ["/no/such"]}, restartPolicy="Never"))
    pod = await node.until(key, lambda each: each.get("status", {}).get("phase") == "Failed")
    ended = main_of(pod)["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert '"/no/such"' in ended["message"]
    assert "No such file or directory" in ended["message"]


async def test_a_taken_port_is_named_as_the_cause(node: Node, make_object: MakeObject) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        container = {
            "image": "test/server:1",
            "env": [{"name": "PORT", "value": str(port)}],
            "ports": [{"containerPort": port}],
        }
        key = await node.create(make_object(container, restartPolicy="Never"))
        pod = await node.until(key, lambda each: each.get("status", {}).get("phase") == "Failed")
    assert f"port {port} is taken on 0.0.0.0" in main_of(pod)["state"]["terminated"]["message"]


async def test_environment_from_a_config_map_that_comes_later(node: Node, make_object: MakeObject) -> None:
    reference = {"configMapKeyRef": {"name": "settings", "key": "greeting"}}
    container = {
        "image": "test/sleep:1",
        "command": ["sh", "-c", "echo $GREETING; sleep 60"],
        "env": [{"name": "GREETING", "valueFrom": reference}],
    }
    key = await node.create(make_object(container))
    pod = await node.until(key, waits_for("CreateContainerConfigError"))
    assert 'configmap "settings" not found' in main_of(pod)["state"]["waiting"]["message"]
    settings = {"metadata": {"name": "settings", "namespace": "default"}, "data": {"greeting": "hello"}}
    await node.cluster.create(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", **settings})
    await node.until(key, is_ready)
    await node.until_said(key, "hello\n")


async def test_pods_of_an_earlier_run_keep_their_address_and_restart_count(
    stopped_node: Node, make_object: MakeObject
) -> None:
    node = stopped_node
    key = await node.create(make_object({"image": "test/sleep:1"}, name="earlier"))
    status = {"phase": "Running", "podIP": "127.26.2.2", "containerStatuses": [{"name": "main", "restartCount": 4}]}
    await node.cluster.patch(POD, key, {"status": status}, subresource="status")
    async with node.running():
        other = await node.create(make_object({"image": "test/sleep:1"}, name="another"))
        pod = await node.until(key, is_ready)
        assert pod["status"]["podIP"] == "127.26.2.2"
        assert main_of(pod)["restartCount"] == 4
        assert (await node.until(other, is_ready))["status"]["podIP"] == "127.26.2.1"


async def test_a_start_is_two_writes_and_then_silence(
    node: Node, make_object: MakeObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[dict[str, Any]] = []
    patch = node.cluster.patch

    async def count(kind: Kind, key: Key, change: dict[str, Any], **options: Any) -> Object:
        written.append(change)
        return await patch(kind, key, change, **options)

    monkeypatch.setattr(node.cluster, "patch", count)
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    key = await node.create(make_object({"image": "test/server:1", "readinessProbe": probe}))
    await node.until(key, is_ready)
    said = len(written)
    assert said <= 3  # waiting, running, ready
    await asyncio.sleep(1.2)  # another probe
    assert len(written) == said


async def test_no_descriptor_is_left_by_a_pod(node: Node, make_object: MakeObject) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(2):
        key = await node.create(make_object({"image": "test/sleep:1"}))
        await node.until(key, is_ready)
        await node.cluster.delete(POD, key)
        await node.until_gone(key)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
