"""Pods as people write them, and programs as they misbehave: with real processes."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, POD
from gatelab.kinds.objects import Object
from gatelab.telemetry.log_file import KEPT_FILES, LIMIT_BYTES
from running_node import MakeObject, Node, eventually, is_ready, is_there, main_of, waits_for

SLEEP = {"image": "test/sleep:1"}
TWICE_FORKED = """
import os, sys, time
for _ in range(2):
    if os.fork():
        time.sleep(600)
    os.setsid()
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""


def sh(script: str, **fields: Any) -> dict[str, Any]:
    return {"image": "test/sleep:1", "command": ["sh", "-c", script], **fields}


def init(name: str, script: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **sh(script, **fields)}


def execs(script: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", script]}}


def is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


async def until_deleted(node: Node, key: Any, grace_s: int = 5) -> None:
    await node.cluster.delete(POD, key, grace_period_s=grace_s)
    await node.until_gone(key)


async def test_init_containers_run_first_and_their_events_name_them(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "order"
    first = [init("one", f"sleep 0.2; echo one >> {file}"), init("two", f"echo two >> {file}")]
    key = await node.create(make_object(sh(f"echo main >> {file}; sleep 60"), initContainers=first))
    pod = await node.until(key, is_ready)
    await eventually(lambda: file.read_text() == "one\ntwo\nmain\n")
    ended = [each["state"]["terminated"]["reason"] for each in pod["status"]["initContainerStatuses"]]
    assert ended == ["Completed", "Completed"]
    await node.until_reported(key, "Started")
    assert await node.field_paths(key) >= {"spec.initContainers{one}", "spec.initContainers{two}"}


async def test_a_sidecar_does_not_keep_a_pod_from_succeeding(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "said"
    side = init(
        "side", f"trap 'echo side >> {file}; exit 0' TERM; while :; do sleep 0.05; done", restartPolicy="Always"
    )
    main = sh(f"sleep 0.2; echo main >> {file}")
    key = await node.create(make_object(main, initContainers=[side], restartPolicy="Never"))
    pod = await node.until(key, is_over)
    assert pod["status"]["phase"] == "Succeeded"
    assert file.read_text() == "main\nside\n"


async def test_exec_probes_see_the_containers_environment_and_say_what_the_command_said(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "healthy"
    probe = execs('cat "$FILE"') | {"periodSeconds": 1, "failureThreshold": 1}
    container = SLEEP | {"env": [{"name": "FILE", "value": str(file)}], "readinessProbe": probe}
    key = await node.create(make_object(container))
    events = await node.until_reported(key, "Unhealthy")
    kind, _, message = events[-1]
    assert kind == "Warning"
    assert "Readiness probe failed: cat:" in message
    assert "No such file" in message
    file.touch()
    await node.until(key, is_ready)


async def test_an_exec_probe_is_killed_when_its_time_is_over(node: Node, make_object: MakeObject) -> None:
    probe = {"exec": {"command": ["sleep", "347"]}, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1}
    key = await node.create(make_object(SLEEP | {"livenessProbe": probe}))
    events = await node.until_reported(key, "Unhealthy")
    assert events[-1][2] == 'Liveness probe failed: command timed out: "sleep 347" timed out after 1s'
    await node.until(key, lambda pod: bool(pod.get("status")) and main_of(pod)["restartCount"] == 1)
    await until_deleted(node, key)
    await eventually(lambda: not [each for each in node.keeper.running if "/liveness/" in each])


async def test_an_exec_probe_that_writes_without_end_fills_nothing(node: Node, make_object: MakeObject) -> None:
    probe = execs("yes; exit 1") | {"periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1}
    key = await node.create(make_object(SLEEP | {"readinessProbe": probe}))
    events = await node.until_reported(key, "Unhealthy")
    assert len(events[-1][2]) < 12_000


async def test_a_program_that_hangs_at_its_start_is_killed_by_its_startup_probe(
    node: Node, make_object: MakeObject
) -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1, "terminationGracePeriodSeconds": 1}
    key = await node.create(make_object(SLEEP | {"startupProbe": probe}))
    pod = await node.until(key, lambda each: bool(each.get("status")) and main_of(each)["restartCount"] == 1)
    assert main_of(pod)["lastState"]["terminated"]["exitCode"] == 143
    events = [each[1:] for each in await node.until_reported(key, "Killing")]
    assert ("Killing", "Container main failed startup probe, will be restarted") in events


async def test_hooks_run_in_order_and_pre_stop_before_sigterm(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "order"
    hooks = {
        "postStart": execs(f"sleep 0.3; echo postStart >> {file}"),
        "preStop": execs(f"sleep 0.3; echo preStop >> {file}"),
    }
    program = f"trap 'echo TERM >> {file}; exit 0' TERM; while :; do sleep 0.05; done"
    key = await node.create(make_object(sh(program, lifecycle=hooks)))
    await node.until(key, is_ready)
    assert file.read_text() == "postStart\n"
    await until_deleted(node, key)
    assert file.read_text() == "postStart\npreStop\nTERM\n"


async def test_what_a_hook_leaves_in_the_background_lives_as_long_as_the_container(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    hook = execs(f"sleep 347 & echo $! > {file}")
    key = await node.create(make_object(SLEEP | {"lifecycle": {"postStart": hook}}))
    await node.until(key, is_ready)
    pid = int(file.read_text())
    assert is_there(pid)
    await until_deleted(node, key)
    assert not is_there(pid)


async def test_a_pod_whose_log_cannot_be_written_waits_and_says_so(node: Node, make_object: MakeObject) -> None:
    (node.folder / "logs").write_text("not a folder")
    key = await node.create(make_object(SLEEP))
    pod = await node.until(key, waits_for("CreateContainerError"))
    assert "its log cannot be written" in main_of(pod)["state"]["waiting"]["message"]
    (node.folder / "logs").unlink()
    await node.until(key, is_ready)


async def test_a_bug_met_by_a_pod_leaves_no_process_of_it(
    node: Node, make_object: MakeObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await node.create(make_object(SLEEP))
    await node.until(key, is_ready)
    pid = node.agent.running()[key]["main"]

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("gatelab.node.pods.lifecycle.PodLifecycle.handle", fail)
    await node.cluster.delete(POD, key)
    await eventually(lambda: not is_there(pid))


async def test_a_failed_post_start_is_an_event_and_a_restart(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object(SLEEP | {"lifecycle": {"postStart": execs("echo secret; exit 3")}}))
    events = await node.until_reported(key, "FailedPostStartHook")
    assert events[-1][2] == "PostStartHook failed: the command exited with code 3"
    await node.until(key, lambda pod: main_of(pod)["restartCount"] == 1)


async def test_a_pre_stop_that_hangs_ends_with_the_container(node: Node, make_object: MakeObject) -> None:
    hooks = {"preStop": {"exec": {"command": ["sleep", "347"]}}}
    key = await node.create(make_object(SLEEP | {"lifecycle": hooks}))
    await node.until(key, is_ready)
    started = time.monotonic()
    await until_deleted(node, key, 1)
    assert time.monotonic() - started < 50, "its hook would run for six minutes"
    await eventually(lambda: not node.keeper.running)


async def test_what_forks_twice_and_leaves_its_session_is_gone_after_the_deletion(
    node: Node, make_object: MakeObject, tmp_path: Path
) -> None:
    file = tmp_path / "stray"
    command = [sys.executable, "-S", "-c", TWICE_FORKED, str(file)]
    key = await node.create(make_object(SLEEP | {"command": command}))
    await node.until(key, is_ready)
    await eventually(file.exists)
    await until_deleted(node, key, 1)
    assert not is_there(int(file.read_text()))


async def test_a_program_that_is_killed_has_code_137_and_is_not_said_to_be_out_of_memory(
    node: Node, make_object: MakeObject
) -> None:
    key = await node.create(make_object(sh("kill -9 $$$$"), restartPolicy="Never"))
    ended = main_of(await node.until(key, is_over))["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("printf 'no newline'", "no newline"),
        ("exec >&- 2>&-; sleep 0.1", ""),
        (r"printf '\000\377\n'", "\0\N{REPLACEMENT CHARACTER}\n"),
    ],
)
async def test_odd_output_is_kept_as_it_is(node: Node, make_object: MakeObject, script: str, said: str) -> None:
    key = await node.create(make_object(sh(script), restartPolicy="Never"))
    pod = await node.until(key, is_over)
    assert pod["status"]["phase"] == "Succeeded"
    assert await node.log(key) == said


async def test_a_hundred_megabytes_at_once_keep_the_files_small_and_the_pod_well(
    node: Node, make_object: MakeObject
) -> None:
    program = f"import os\nfor _ in range(100): os.write(1, b'{'x' * 99}\\n' * 10_000)\n"
    key = await node.create(
        make_object(SLEEP | {"command": [sys.executable, "-S", "-c", program]}, restartPolicy="Never")
    )
    pod = await node.until(key, is_over)
    assert pod["status"]["phase"] == "Succeeded"
    files = [each for each in (node.folder / "logs").rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in files) <= KEPT_FILES * LIMIT_BYTES


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"command": ["no-such-program"]}, "No such file or directory in any folder of PATH"),
        ({"command": ["/proc/version"]}, "Permission denied"),
        ({"workingDir": "/no/such"}, "its workingDir /no/such is not a folder"),
    ],
)
async def test_what_cannot_be_started_says_why(
    node: Node, make_object: MakeObject, fields: dict[str, Any], message: str
) -> None:
    key = await node.create(make_object(SLEEP | fields, restartPolicy="Never"))
    ended = main_of(await node.until(key, is_over))["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert message in ended["message"]
    events = await node.until_reported(key, "Failed")
    assert ("Warning", "Failed", f"Error: {ended['message']}") in events


async def test_a_key_that_a_config_map_lacks_is_named_and_waited_for(node: Node, make_object: MakeObject) -> None:
    settings: dict[str, Any] = {"metadata": {"name": "settings", "namespace": "default"}, "data": {"other": "x"}}
    await node.cluster.create(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", **settings})
    reference = {"configMapKeyRef": {"name": "settings", "key": "greeting"}}
    key = await node.create(make_object(SLEEP | {"env": [{"name": "GREETING", "valueFrom": reference}]}))
    pod = await node.until(key, waits_for("CreateContainerConfigError"))
    assert "couldn't find key greeting in ConfigMap" in main_of(pod)["state"]["waiting"]["message"]
    await node.cluster.patch(CONFIG_MAP, key._replace(name="settings"), {"data": {"greeting": "hello"}})
    await node.until(key, is_ready)


async def test_a_name_that_no_image_can_have(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object({"image": "Not An Image"}))
    pod = await node.until(key, waits_for("InvalidImageName"))
    assert "invalid reference format" in main_of(pod)["state"]["waiting"]["message"]


async def test_the_end_of_the_log_is_the_message_where_it_is_asked_for(node: Node, make_object: MakeObject) -> None:
    container = sh("echo first; echo last words; exit 1", terminationMessagePolicy="FallbackToLogsOnError")
    key = await node.create(make_object(container, restartPolicy="Never"))
    ended = main_of(await node.until(key, is_over))["state"]["terminated"]
    assert ended["message"] == "first\nlast words\n"


async def test_a_pod_past_its_deadline_fails(node: Node, make_object: MakeObject) -> None:
    key = await node.create(make_object(SLEEP, activeDeadlineSeconds=1))
    pod = await node.until(key, is_over)
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "DeadlineExceeded")


async def test_no_descriptor_is_left_by_probes_and_hooks(node: Node, make_object: MakeObject) -> None:
    probe = execs("true") | {"periodSeconds": 1}
    container = SLEEP | {"readinessProbe": probe, "lifecycle": {"postStart": execs("true"), "preStop": execs("true")}}
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    key = await node.create(make_object(container))
    await node.until(key, is_ready)
    await until_deleted(node, key)
    async with asyncio.timeout(30):
        while len(os.listdir("/proc/self/fd")) != before:  # noqa: ASYNC110, PTH208 - nobody tells
            await asyncio.sleep(0.01)
