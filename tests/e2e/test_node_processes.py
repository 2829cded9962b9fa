"""Nothing outlives the agent, and pods outlive the control plane: whoever is killed, however."""

import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from running_lab import Lab, alive, wait_until

pytestmark = pytest.mark.lab

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


def pod(name: str, *command: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "main", "image": "test/any:1", "command": list(command)}]},
    }


def start_pods(lab: Lab, state: Path, *pods: dict[str, Any]) -> None:
    images = state / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text('images: {"test/any:1": {command: ["true"]}}\n')
    manifest = state / "pods.yaml"
    manifest.write_text(yaml.safe_dump_all(pods))
    lab.kubectl("apply", "-f", str(manifest))
    lab.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=20s")


def stray_pid(file: Path) -> int:
    wait_until(file.exists, "the process that forked twice")
    return int(file.read_text())


def process_of(lab: Lab, part: str) -> psutil.Process:
    (found,) = [each for each in lab.processes() if part in " ".join(each.cmdline())]
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_is_left_after_the_agent(lab: Lab, state_folder: Path, number: int) -> None:
    file = state_folder / "stray"
    stray = pod("stray", sys.executable, "-S", "-c", TWICE_FORKED, str(file))
    stubborn = pod("stubborn", "sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done")
    start_pods(lab, state_folder, pod("plain", "sleep", "600"), stubborn, stray)
    pid = stray_pid(file)
    processes = lab.processes()
    assert pid in {each.pid for each in processes}
    assert len(processes) >= 10  # agent, keeper, control plane, Envoy, 3 pods, a sleep, 2 forks
    lab.process.send_signal(number)
    killed = time.monotonic()
    wait_until(lambda: not alive(processes), f"{number!r} leaves nothing")
    assert time.monotonic() - killed < 20, "it takes less than two seconds where nothing else runs, and no grace of 30"
    lab.process.wait(20)


def test_when_the_keeper_is_killed_the_agent_ends_and_says_why(lab: Lab, state_folder: Path) -> None:
    file = state_folder / "stray"
    start_pods(lab, state_folder, pod("stray", sys.executable, "-S", "-c", TWICE_FORKED, str(file)))
    stray_pid(file)
    processes = lab.processes()
    process_of(lab, "keeper/process.py").kill()
    assert lab.process.wait(30) == 3
    assert not alive(processes)
    assert "keeper process was killed" in (state_folder / "up.stderr").read_text()


def test_a_deleted_pod_takes_its_strays_along(lab: Lab, state_folder: Path) -> None:
    file = state_folder / "stray"
    start_pods(lab, state_folder, pod("stray", sys.executable, "-S", "-c", TWICE_FORKED, str(file)))
    pid = stray_pid(file)
    lab.kubectl("delete", "pod", "stray", "--grace-period=1")
    assert not psutil.pid_exists(pid)


def test_pods_outlive_the_control_plane_which_comes_back_with_its_state(lab: Lab, state_folder: Path) -> None:
    start_pods(lab, state_folder, pod("one", "sleep", "600"))
    before = lab.get("pod", "one")["status"]["containerStatuses"][0]["containerID"]
    for _ in range(2):
        process_of(lab, "gatelab.controlplane").kill()
        killed = time.monotonic()
        wait_until(lambda: lab.kubectl("get", "--raw", "/readyz", check=False).returncode == 0, "the API", every_s=0.01)
        assert time.monotonic() - killed < 30, "it takes about a second where nothing else runs"
    pod_now = lab.get("pod", "one")
    assert pod_now["status"]["containerStatuses"][0]["containerID"] == before
    assert pod_now["status"]["containerStatuses"][0]["restartCount"] == 0
    start_pods(lab, state_folder, pod("one", "sleep", "600"), pod("two", "sleep", "600"))
    lab.kubectl("delete", "pod", "one", "--timeout=30s", "--grace-period=1")
    assert not psutil.pid_exists(int(before.removeprefix("process://")))
