"""Pods as people write them, seen by kubectl: init containers, sidecars, probes, and what went wrong in words."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from running_lab import Lab, wait_until

pytestmark = pytest.mark.lab

BIND = "import os, socket, sys; socket.create_server((os.environ['GATELAB_POD_IP'], int(sys.argv[1])))"


def container(name: str, *command: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "test/any:1", "command": list(command), **fields}


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec},
    }


def apply(lab: Lab, folder: Path, *pods: dict[str, Any]) -> None:
    images = folder / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text('images: {"test/any:1": {command: ["true"]}}\n')
    manifest = folder / "pods.yaml"
    manifest.write_text(yaml.safe_dump_all(pods))
    lab.kubectl("apply", "-f", str(manifest))


def statuses(lab: Lab) -> dict[str, tuple[str, str]]:
    """READY and STATUS by name, as kubectl prints them."""
    rows = [line.split() for line in lab.kubectl("get", "pods", "--no-headers").stdout.splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows}


def until(lab: Lab, **wanted: tuple[str, str]) -> None:
    def is_so() -> bool:
        found = statuses(lab)
        return all(found.get(name) == status for name, status in wanted.items())

    wait_until(is_so, f"{wanted}", every_s=0.1)


def test_what_kubectl_shows_of_pods_on_their_ways(lab: Lab, state_folder: Path) -> None:
    gate = state_folder / "gate"
    first = container("first", "sh", "-c", f"until [ -e {gate} ]; do sleep 0.05; done")
    side = container("side", "sleep", "600", restartPolicy="Always")
    lively = container("main", "sleep", "600", livenessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1})
    apply(
        lab,
        state_folder,
        pod("several", lively, container("other", "sleep", "600"), initContainers=[first, side]),
        pod("stuck", container("main", "sleep", "600"), initContainers=[container("bad", "false")]),
        pod("broken", container("main", "true"), initContainers=[container("bad", "false")], restartPolicy="Never"),
        pod("job", container("main", "true"), initContainers=[side], restartPolicy="Never"),
        pod("crash", container("main", "false")),
        pod("foreign", {"name": "main", "image": "example.com/foreign:1", "command": ["sleep", "600"]}),
    )
    until(
        lab,
        several=("0/3", "Init:0/2"),
        stuck=("0/1", "Init:CrashLoopBackOff"),
        broken=("0/1", "Init:Error"),
        job=("0/2", "Completed"),
        crash=("0/1", "CrashLoopBackOff"),
        foreign=("0/1", "ImagePullBackOff"),
    )
    gate.touch()
    until(lab, several=("3/3", "Running"))
    described = lab.kubectl("describe", "pod", "foreign").stdout
    assert "gatelab images add example.com/foreign:1 --" in described
    assert "spec.containers{main}: Error: ImagePullBackOff" in described
    lab.gatelab("images", "add", "example.com/foreign:1", "--", "sleep", "600")
    until(lab, foreign=("1/1", "Running"))
    lab.kubectl("delete", "pod", "--all", "--timeout=20s")


def test_a_taken_port_is_named_in_status_and_events_and_streams_say_what_to_do(lab: Lab, state_folder: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        command = (sys.executable, "-S", "-c", BIND, str(port))
        unlucky = container("main", *command, ports=[{"containerPort": port}])
        apply(lab, state_folder, pod("unlucky", unlucky), pod("well", container("main", "sleep", "600")))
        until(lab, unlucky=("0/1", "CrashLoopBackOff"), well=("1/1", "Running"))
        status = lab.get("pod", "unlucky")["status"]["containerStatuses"][0]
        cause = f"port {port} is taken on 0.0.0.0"
        assert cause in status["lastState"]["terminated"]["message"]
        assert cause in lab.kubectl("describe", "pod", "unlucky").stdout
    for arguments, said in (
        (("exec", "well", "--", "true"), "run the command here"),
        (("port-forward", "pod/well", "8080:80"), "have addresses of this machine"),
        (("cp", "well:/etc/hostname", str(state_folder / "x")), "kubectl cp is not in gatelab"),
    ):
        refused = lab.kubectl(*arguments, check=False)
        assert refused.returncode == 1
        assert said in refused.stderr
