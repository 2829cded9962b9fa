"""The node's service proxy: layer 4, one endpoint per connection, on ClusterIP and NodePort."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from running_lab import Lab, wait_until

pytestmark = pytest.mark.lab

SERVER = """
import os, socket
server = socket.create_server((os.environ["GATELAB_POD_IP"], 9000))
while True:
    connection = server.accept()[0]
    connection.sendall(os.environ["HOSTNAME"].encode())
    connection.close()
"""


def pod(name: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "test/server:1",
        "command": [sys.executable, "-S", "-c", SERVER],
        "ports": [{"name": "tcp", "containerPort": 9000}],
        "readinessProbe": {"tcpSocket": {"port": "tcp"}},
    }
    metadata = {"name": name, "namespace": "default", "labels": {"app": "server"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "server", "namespace": "default"},
    "spec": {"type": "NodePort", "selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": "tcp"}]},
}


def answer(address: str, port: int) -> str:
    """What one connection says; "" when it is refused or cut."""
    try:
        with socket.create_connection((address, port), timeout=30) as connection:
            return connection.recv(100).decode()
    except OSError:
        return ""


def test_connections_go_to_ready_pods_and_follow_changes(lab: Lab, state_folder: Path) -> None:
    images = state_folder / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text('images: {"test/server:1": {command: ["true"]}}\n')
    manifest = state_folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all([SERVICE, pod("one"), pod("two")]))
    lab.kubectl("apply", "-f", str(manifest))
    lab.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=20s")
    spec = lab.get("service", "server")["spec"]
    node = f"127.{lab.facts['octet']}.0.1"
    for address, port in ((spec["clusterIP"], 80), (node, spec["ports"][0]["nodePort"])):
        wait_until(lambda a=address, p=port: answer(a, p) != "", f"{address}:{port} answers")  # type: ignore[misc]
        assert {answer(address, port) for _ in range(40)} == {"one", "two"}
    lab.kubectl("delete", "pod", "one", "--grace-period=1")
    wait_until(lambda: {answer(spec["clusterIP"], 80) for _ in range(10)} == {"two"}, "only two is left")
    (envoy,) = [each for each in lab.processes() if "gatelab-node" in " ".join(each.cmdline())]
    envoy.kill()
    envoy.wait(5)
    wait_until(lambda: answer(spec["clusterIP"], 80) == "two", "the proxy is back")
    lab.kubectl("delete", "service", "server")
    wait_until(lambda: answer(spec["clusterIP"], 80) == "", "nobody listens")


def test_an_address_that_cannot_be_bound_is_told_to_the_service(lab: Lab, state_folder: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        taken = {**SERVICE, "metadata": {"name": "taken"}, "spec": {"ports": [{"port": port}]}}
        manifest = state_folder / "taken.yaml"
        manifest.write_text(yaml.safe_dump(taken))
        lab.kubectl("apply", "-f", str(manifest))
        address = f"{lab.get('service', 'taken')['spec']['clusterIP']}:{port}"
        wait_until(
            lambda: f"{address} is not served" in lab.kubectl("describe", "service", "taken").stdout, "the event"
        )
