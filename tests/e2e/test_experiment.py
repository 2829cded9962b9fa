"""The experiment as its author describes it: apply, look, call, load, prove the spread."""

import json
from pathlib import Path

import pytest

from running_lab import EXAMPLE, MANIFESTS, TARGET, Lab, manifest_folders, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
PROTO = str(EXAMPLE / "greetings.proto")


@pytest.mark.parametrize("folder", manifest_folders(), ids=lambda path: path.name)
def test_the_unmodified_manifests_work(lab: Lab, folder: Path) -> None:
    lab.apply_example(folder)

    shown = lab.kubectl("-n", "hello-grpc", "get", "gateway,grpcroute,certificate,deploy,pods,svc").stdout
    assert "gateway.gateway.networking.k8s.io/hello-grpc   cilium" in shown
    assert shown.count("1/1     Running") == 6

    called = lab.gatelab(
        "call", "--proto", PROTO, "-d", '{"name": "Bittrance", "delay_ms": 2}', TARGET, "greetings.GreetMe/Send"
    )
    assert json.loads(called.stdout) == {"greeting": "Hello Bittrance!"}

    wait_until(
        lambda: lab.kubectl("-n", "hello-grpc", "top", "pods", check=False).stdout.count("hello-grpc-") == 6,
        "kubectl top shows the five pods and the gateway's",
    )


def test_one_connection_is_spread_by_the_gateway_and_pinned_by_the_service(lab: Lab) -> None:
    lab.apply_example()
    call = ["--proto", PROTO, "--call", "greetings.GreetMe/Send", "-d", '{"name": "x", "delay_ms": 1}']
    load = [*call, "--rps", "500", "-n", "1000", "--connections", "1", "-O", "json"]

    through_gateway = json.loads(lab.gatelab("load", *load, TARGET).stdout)
    pods = through_gateway["pods"]
    assert through_gateway["statusCodeDistribution"] == {"OK": 1000}
    assert len(pods) == 5
    assert max(pods.values()) - min(pods.values()) <= 1

    address = lab.get("-n", "hello-grpc", "service", "hello-grpc")["spec"]["clusterIP"]
    through_service = json.loads(lab.gatelab("load", *load, "--insecure", f"{address}:8080").stdout)
    assert through_service["statusCodeDistribution"] == {"OK": 1000}
    assert len(through_service["pods"]) == 1


def test_deleting_the_manifests_leaves_nothing_running(lab: Lab) -> None:
    lab.apply_example()
    assert "deployment.apps/hello-grpc" in lab.kubectl("apply", "-f", str(MANIFESTS)).stdout, (
        "a folder of manifests only"
    )
    before = len(lab.processes())
    lab.kubectl("delete", "-f", str(MANIFESTS / "hello-grpc.yaml"), "--timeout=30s")

    wait_until(lambda: len(lab.processes()) == before - 6, "the six pods' processes are gone")
    missing = lab.kubectl("get", "namespace", "hello-grpc", check=False)
    assert (missing.returncode, "NotFound" in missing.stderr) == (1, True)
