"""The agent with real processes, on the embedded cluster: Pods in, statuses out."""

import asyncio
import os
import socket
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, POD
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from running_node import MakeObject, Node, eventually, is_ready, is_there, main_of, waits_for


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
        ("Normal", "Pulled", 'Container image "test/new:1" already present on machine and can be accessed by the pod'),
        ("Normal", "Created", "Container created"),
        ("Normal", "Started", "Container started"),
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
