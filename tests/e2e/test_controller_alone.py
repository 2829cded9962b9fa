"""The Gateway controller as a process of its own, across the lab's HTTPS API, for a class that the lab does not serve.

The same controller as inside the lab, on the other adapter of the cluster port: what works here works on any cluster.
"""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from running_lab import EXAMPLE, GATELAB, MANIFESTS, Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
CONTROLLER = "example.com/other"
HOST = "hello-grpc-other.hello-grpc.test"
SECOND_HOST = "second.example.test"
HELLO = ("-n", "hello-grpc")


@contextmanager
def controller(lab: Lab, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The controller; one that still runs at the end is told to end, and must do so in order."""
    arguments = ("--kubeconfig", lab.environment["KUBECONFIG"], "--controller-name", CONTROLLER)
    places = ("--xds-socket", str(folder / "other" / "xds.sock"), "--run-dir", str(folder / "other"))
    with (folder / "controller.stderr").open("a") as errors:
        process = subprocess.Popen(
            [*GATELAB, "controller", *arguments, *places], env=lab.environment, stderr=errors, text=True
        )
    try:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait(10)


def gateway_class(name: str, controller_name: str) -> dict[str, Any]:
    api = "gateway.networking.k8s.io/v1"
    spec = {"controllerName": controller_name}
    return {"apiVersion": api, "kind": "GatewayClass", "metadata": {"name": name}, "spec": spec}


def apply_classes(lab: Lab, folder: Path) -> None:
    """Ours, and after it one of the lab's, whose acceptance shows that the lab has looked at both."""
    file = folder / "classes.yaml"
    lab_s = "gatelab.dev/gateway-controller"
    file.write_text(yaml.safe_dump_all([gateway_class("other", CONTROLLER), gateway_class("witness", lab_s)]))
    lab.kubectl("apply", "-f", str(file))
    lab.kubectl("wait", "gatewayclass/witness", "--for=condition=Accepted", "--timeout=20s")


def accepted(lab: Lab) -> str:
    conditions = lab.get("gatewayclass", "other").get("status", {}).get("conditions", ())
    return next((each["status"] for each in conditions if each["type"] == "Accepted"), "")


def example_of_class_other(folder: Path) -> Path:
    """The example, with its Gateway in the class and its names as the class's data plane is called."""
    text = (MANIFESTS / "hello-grpc.yaml").read_text()
    changes = {"gatewayClassName: cilium": "gatewayClassName: other", "cilium-gateway-hello-grpc.hello-grpc.test": HOST}
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    example = folder / "example"
    example.mkdir()
    (example / "hello-grpc.yaml").write_text(text)
    shutil.copy(MANIFESTS / "selfsigned-ca.yaml", example)
    return example


def call(lab: Lab, *options: str) -> "subprocess.CompletedProcess[str]":
    proto = ("--proto", str(EXAMPLE / "greetings.proto"), "-d", '{"name": "Bittrance", "delay_ms": 2}')
    return lab.gatelab("call", *proto, *options, f"{HOST}:443", "greetings.GreetMe/Send", check=False)


def assert_greeted(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"greeting": "Hello Bittrance!"}


def seen_by(lab: Lab) -> tuple[str, int, int]:
    """Who has looked at the route, at which generation of it, and which generation there is."""
    route = lab.get(*HELLO, "grpcroute", "hello-grpc")
    (parent,) = route["status"]["parents"]
    (generation,) = {each["observedGeneration"] for each in parent["conditions"]}
    return parent["controllerName"], generation, route["metadata"]["generation"]


def envoy(lab: Lab) -> tuple[str, int]:
    """The pod of the data plane, and how often it was restarted."""
    (pod,) = lab.get(*HELLO, "pods", "-l", "gateway.networking.k8s.io/gateway-name=hello-grpc")["items"]
    return pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"]


def test_it_serves_a_class_of_its_own_and_may_be_killed(lab: Lab, state_folder: Path) -> None:
    apply_classes(lab, state_folder)
    assert accepted(lab) == "Unknown"

    with controller(lab, state_folder) as process:
        lab.kubectl("wait", "gatewayclass/other", "--for=condition=Accepted", "--timeout=20s")
        lab.apply_example(example_of_class_other(state_folder))
        assert_greeted(call(lab))
        assert seen_by(lab) == (CONTROLLER, 1, 1)
        data_plane = envoy(lab)
        process.kill()
        process.wait(10)

    assert_greeted(call(lab))
    second = ("--authority", SECOND_HOST, "--servername", HOST)
    hostnames = json.dumps({"spec": {"hostnames": [HOST, SECOND_HOST]}})
    lab.kubectl(*HELLO, "patch", "grpcroute", "hello-grpc", "--type=merge", "-p", hostnames)
    refused = call(lab, *second)
    assert "Unimplemented" in refused.stderr, refused.stderr
    assert seen_by(lab) == (CONTROLLER, 1, 2)

    with controller(lab, state_folder):
        wait_until(lambda: call(lab, *second).returncode == 0, "the second hostname is served")
        assert_greeted(call(lab))
        lab.kubectl(*HELLO, "wait", "gateway/hello-grpc", "--for=condition=Programmed", "--timeout=10s")
        assert seen_by(lab) == (CONTROLLER, 2, 2)
        assert envoy(lab) == data_plane
