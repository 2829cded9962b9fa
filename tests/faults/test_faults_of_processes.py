"""Processes of the lab that are killed or stopped: they come back, and nobody else notices."""

import os
import signal
import socket
import subprocess
import time
from typing import Any

import psutil
import pytest
import yaml

from faulty_lab import NAMESPACE, FaultyLab
from running_lab import GATELAB, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

CONTROL_PLANE = "gatelab.controlplane"
IS_BACK_WITHIN_S = 8.0
"""Half a second where nothing else runs; below the 10 s of a first back-off, which must not be waited for."""


def is_answered(scene: FaultyLab, path: str = "/readyz") -> bool:
    try:
        return scene.api("GET", path, timeout_s=2).code == 200
    except OSError:
        return False


def containers(scene: FaultyLab) -> dict[str, tuple[str, int]]:
    """Of every pod: which process its container is, and how often it was started again."""
    found = {}
    for pod in scene.api("GET", "/api/v1/pods").body["items"]:
        status = pod["status"]["containerStatuses"][0]
        found[pod["metadata"]["name"]] = (status.get("containerID", ""), status["restartCount"])
    return found


@pytest.fixture(scope="module")
def other_gateway(shared: FaultyLab) -> str:
    """The pod of a second Gateway."""
    spec = {"gatewayClassName": "cilium", "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}]}
    metadata = {"name": "other", "namespace": NAMESPACE}
    shared.apply({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec})
    shared.status_says("gateway", "other", "Envoy serves at")
    (pod,) = shared.api("GET", f"/api/v1/namespaces/{NAMESPACE}/pods").body["items"]
    return str(pod["metadata"]["name"])


def test_the_envoy_of_a_gateway_is_killed(scene: FaultyLab, other_gateway: str) -> None:
    before = containers(scene)
    address = scene.status("gateway", "other")["addresses"][0]["value"]
    pid = int(before[other_gateway][0].removeprefix("process://"))
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    wait_until(lambda: not psutil.pid_exists(pid), "it is gone", every_s=0.005)
    wait_until(lambda: connects(address, 8080), "its port is served again", every_s=0.005)
    assert time.monotonic() - killed < IS_BACK_WITHIN_S
    wait_until(lambda: containers(scene)[other_gateway][1] == before[other_gateway][1] + 1, "one restart")
    scene.status_says("gateway", "other", "Envoy serves at")
    after = containers(scene)
    del before[other_gateway], after[other_gateway]
    assert after == before


def connects(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def test_the_envoy_of_the_node_is_killed(scene: FaultyLab) -> None:
    service = scene.api("GET", "/api/v1/namespaces/hello-grpc/services/hello-grpc").body
    address = service["spec"]["clusterIP"]
    wait_until(lambda: connects(address, 8080), "the ClusterIP is served")
    before = containers(scene)
    envoy = scene.process("gatelab-node")
    envoy.kill()
    killed = time.monotonic()
    wait_until(lambda: not envoy.is_running() or envoy.status() == psutil.STATUS_ZOMBIE, "it is gone", every_s=0.005)
    wait_until(lambda: connects(address, 8080), "the ClusterIP is served again", every_s=0.005)
    assert time.monotonic() - killed < IS_BACK_WITHIN_S
    assert containers(scene) == before


def test_the_control_plane_is_killed_again_and_again_while_500_objects_are_applied(scene: FaultyLab) -> None:
    before = containers(scene)
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        with applying(scene, wanted(kill)) as kubectl:
            assert kubectl.stdout is not None
            lines = [kubectl.stdout.readline() for _ in range(20 * (kill + 1))]  # then it is in the middle
            scene.process(CONTROL_PLANE).kill()
            said, errors = kubectl.communicate(timeout=60)
        acknowledged |= {name_in(each) for each in [*lines, *said.splitlines()]}
        assert kubectl.returncode == 0 or "127.0.0.1" in errors, errors
        wait_until(lambda: is_answered(scene), "the API is back", timeout_s=30)
        assert acknowledged - present(scene) == set()
    everything = set().union(*map(wanted, range(KILLS)))
    if missing := everything - present(scene):
        with applying(scene, missing) as kubectl:
            _, errors = kubectl.communicate(timeout=60)
        assert kubectl.returncode == 0, errors
    assert present(scene) >= everything
    assert containers(scene) == before
    scene.api("DELETE", CONFIG_MAPS)


KILLS = 3
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


def wanted(kill: int) -> set[str]:
    """Names of a third of the 500 objects."""
    return {f"many-{kill}-{number}" for number in range(167)}


def applying(scene: FaultyLab, names: set[str]) -> "subprocess.Popen[str]":
    """`kubectl apply` of ConfigMaps, under way."""
    manifest = scene.folder / "many.yaml"
    manifest.write_text(yaml.safe_dump_all(config_map(each) for each in sorted(names)))
    return subprocess.Popen(
        [*GATELAB, "kubectl", "apply", "-f", str(manifest)],
        env=scene.lab.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def config_map(name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"name": name}}


def name_in(line: str) -> str:
    """Of what kubectl says of an object: `configmap/many-1 created`."""
    return line.partition(" ")[0].removeprefix("configmap/")


def present(scene: FaultyLab) -> set[str]:
    return {each["metadata"]["name"] for each in scene.api("GET", CONFIG_MAPS).body["items"]}


def test_the_control_plane_is_stopped_for_five_seconds(scene: FaultyLab) -> None:
    before = containers(scene)
    process = scene.process(CONTROL_PLANE)
    process.suspend()
    try:
        resumed_at = time.monotonic() + 5
        assert not is_answered(scene)
        answered = scene.caller.answered
        wait_until(lambda: time.monotonic() >= resumed_at, "five seconds are over")
        assert scene.caller.answered > answered + 50
    finally:
        process.resume()
    wait_until(lambda: is_answered(scene), "the API answers again")
    scene.lab.kubectl("-n", "hello-grpc", "scale", "deployment/hello-grpc", "--replicas=6")
    scene.lab.kubectl("-n", "hello-grpc", "rollout", "status", "deployment/hello-grpc", "--timeout=20s")
    assert process.is_running()
    assert containers(scene).items() >= before.items()
