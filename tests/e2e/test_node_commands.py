"""`up`, `down`, `kubeconfig`, `kubectl` as a user types them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from running_lab import GATELAB, Lab, alive

pytestmark = pytest.mark.lab


def run(lab: Lab, *arguments: str, name: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = lab.environment | ({"GATELAB_NAME": name} if name else {})
    return subprocess.run(
        [*GATELAB, *arguments], env=environment, text=True, capture_output=True, timeout=40, check=False
    )


def facts(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_lab_says_where_it_is(lab: Lab) -> None:
    assert lab.facts["pid"] == lab.process.pid
    assert 0 < lab.facts["startup_s"] < 30
    assert run(lab, "kubeconfig").stdout.strip() == lab.facts["kubeconfig"] == lab.environment["KUBECONFIG"]
    assert lab.kubectl("config", "current-context").stdout.strip() == "gatelab-e2e"
    assert lab.facts["api"] in lab.kubectl("cluster-info").stdout
    node = lab.get("node", "gatelab")
    assert node["status"]["addresses"][0]["address"] == f"127.{lab.facts['octet']}.0.1"


def test_a_second_lab_of_the_same_name_is_refused(lab: Lab) -> None:
    for options in ([], ["--detach"]):
        refused = run(lab, "up", *options)
        assert refused.returncode == 3
        assert f"already running (pid {lab.process.pid})" in refused.stderr
        assert "gatelab down --name e2e" in refused.stderr


def test_two_labs_run_side_by_side_and_go_one_by_one(lab: Lab) -> None:
    other = facts(run(lab, "up", "--detach", "--format", "json", name="other"))
    assert other["octet"] != lab.facts["octet"]
    assert other["api"] != lab.facts["api"]
    agent = psutil.Process(other["pid"])
    processes = [agent, *agent.children(recursive=True)]
    down = run(lab, "down", name="other")
    assert down.returncode == 0, down.stderr
    assert not alive(processes)
    assert lab.process.poll() is None
    lab.kubectl("get", "namespaces")


def test_a_lab_that_ends_with_open_watches_has_no_error_in_its_log(lab: Lab, state_folder: Path) -> None:
    watching = lab.popen("kubectl", "get", "namespaces", "--watch")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("NAME")
        assert run(lab, "down").returncode == 0
    finally:
        watching.kill()
        watching.communicate(timeout=10)
    log = (state_folder / "gatelab" / "e2e" / "logs" / "controlplane.log").read_text().splitlines()
    assert not [line for line in log if not line.startswith("{") or json.loads(line)["level"] == "error"]


def test_state_is_kept_until_it_is_purged(lab: Lab, state_folder: Path) -> None:
    lab.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    kubeconfig = Path(lab.facts["kubeconfig"]).read_text()
    assert run(lab, "down").returncode == 0
    assert lab.process.wait(5) == 0
    again = facts(run(lab, "up", "--detach", "--format", "json"))
    assert {name: again[name] for name in ("octet", "api", "dns")} == {
        name: lab.facts[name] for name in ("octet", "api", "dns")
    }
    assert Path(again["kubeconfig"]).read_text() == kubeconfig
    assert lab.get("configmap", "kept")["data"] == {"a": "b"}
    assert run(lab, "down", "--purge").returncode == 0
    assert not (state_folder / "gatelab" / "e2e").exists()


@pytest.mark.parametrize("command", [["kubeconfig"], ["kubectl", "get", "pods"], ["down"]])
def test_without_a_lab_the_commands_say_how_to_start_one(lab: Lab, command: list[str]) -> None:
    done = run(lab, *command, name="none")
    assert done.returncode == 3
    assert "the lab 'none' is not running" in done.stderr
    assert done.stdout == ""
