"""What is done to a Gateway while gRPC and HTTP/1.1 flow through it costs no request. Every wait is for a count."""

import base64
import json
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from golden_cases import certificate_pair
from lab_requests import LabApi
from mixed_traffic import MixedTraffic, Target
from running_lab import Lab, print_logs, start_lab, stop_lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
MANIFEST = Path(__file__).with_name("zero_loss.yaml")
PAIRS = [certificate_pair.__wrapped__() for _ in range(2)]
"""Certificates with their keys."""
ENVOYS = ("pods", "-l", "gateway.networking.k8s.io/gateway-name=front")
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/default"
EDITS = 40


@pytest.fixture(scope="module")
def front() -> Iterator[Lab]:
    """A lab with two backends behind a Gateway. Its state folder is short: Unix sockets have paths of 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gl-"))
    try:
        lab = start_lab(folder, "zero")
        try:
            apply(lab, secret(0), *yaml.safe_load_all(MANIFEST.read_text()))
            lab.kubectl("wait", "gateway/front", "--for=condition=Programmed", "--timeout=30s")
            for name in ("calls", "pages"):
                lab.kubectl("rollout", "status", f"deployment/{name}", "--timeout=30s")
            yield lab
        finally:
            stop_lab(lab)
            print_logs(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def traffic(front: Lab) -> Iterator[MixedTraffic]:
    """Under way during the test; it goes on after it, and nothing was lost."""
    with MixedTraffic(target(front)) as running:
        yield running
        running.go_on()
    assert running.losses == []


def apply(lab: Lab, *objects: dict[str, Any]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as manifest:
        yaml.safe_dump_all(objects, manifest)
        manifest.flush()
        lab.kubectl("apply", "-f", manifest.name)


def secret(number: int) -> dict[str, Any]:
    chain, key = (base64.b64encode(each).decode() for each in PAIRS[number])
    data = {"tls.crt": chain, "tls.key": key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "front"},
        "type": "kubernetes.io/tls",
        "data": data,
    }


def target(lab: Lab) -> Target:
    address = lab.get("gateway", "front")["status"]["addresses"][0]["value"]
    return Target(address, tls_port=8443, plain_port=8080)


def tune(lab: Lab, **data: str) -> None:
    named = {key.replace("_", "."): value for key, value in data.items()}
    patch = [{"op": "replace", "path": "/data", "value": named}]
    lab.kubectl("patch", "configmap", "tuning", "--type=json", "-p", json.dumps(patch))


def envoys(lab: Lab) -> set[str]:
    return {each["metadata"]["name"] for each in lab.get(*ENVOYS)["items"]}


def rolled(lab: Lab) -> None:
    lab.kubectl("rollout", "status", "deployment/front-gatelab", "--timeout=60s")


def condition(lab: Lab, type_: str) -> dict[str, Any]:
    conditions = lab.get("gateway", "front")["status"]["conditions"]
    return next(each for each in conditions if each["type"] == type_)


def test_the_envoys_are_rolled(front: Lab, traffic: MixedTraffic) -> None:
    for _ in range(2):
        before = envoys(front)
        front.kubectl("rollout", "restart", "deployment/front-gatelab")
        rolled(front)
        wait_until(lambda old=before: envoys(front).isdisjoint(old), "the old one has gone", timeout_s=40)  # type: ignore[misc]
        traffic.go_on()


def test_an_envoy_is_deleted_beside_another(front: Lab, traffic: MixedTraffic) -> None:
    tune(front, replicas="2")
    wait_until(lambda: len(envoys(front)) == 2, "two Envoys")
    rolled(front)
    traffic.go_on()
    victim = min(envoys(front))
    front.kubectl("delete", "pod", victim, "--timeout=40s")
    traffic.go_on()
    tune(front, replicas="1")
    wait_until(lambda: len(envoys(front)) == 1, "one Envoy", timeout_s=40)


def test_parameters_change(front: Lab, traffic: MixedTraffic) -> None:
    before = envoys(front)
    tune(front, workers="2", accessLog="json", loadBalancing_policy="least_request", grpcHealthCheck_interval="1s")
    wait_until(lambda: envoys(front).isdisjoint(before), "other Envoys", timeout_s=40)
    traffic.go_on()
    (name,) = envoys(front)
    wait_until(lambda: '"path":"/some"' in front.kubectl("logs", name).stdout, "an access log")
    tune(front, wrokers="3")
    wait_until(lambda: condition(front, "Accepted")["reason"] == "InvalidParameters", "the mistake is told")
    assert (
        "ConfigMap default/tuning: key wrokers is unknown: did you mean workers?"
        in condition(front, "Accepted")["message"]
    )
    traffic.go_on()
    tune(front)
    wait_until(lambda: condition(front, "Programmed")["status"] == "True", "all is well again")
    rolled(front)


def test_listeners_come_and_go(front: Lab, traffic: MixedTraffic) -> None:
    more = {"name": "more", "port": 8081, "protocol": "HTTP"}
    for _ in range(3):
        front.kubectl("patch", "gateway", "front", "--type=json", "-p", json.dumps([add("/spec/listeners/-", more)]))
        wait_until(lambda: "more" in programmed(front), "the listener is served")
        front.kubectl(
            "patch", "gateway", "front", "--type=json", "-p", '[{"op": "remove", "path": "/spec/listeners/2"}]'
        )
        wait_until(lambda: programmed(front) == {"plain", "tls"}, "the listener has gone")
        traffic.go_on(1)


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def programmed(lab: Lab) -> set[str]:
    return {
        listener["name"]
        for listener in lab.get("gateway", "front")["status"]["listeners"]
        if any(each["type"] == "Programmed" and each["status"] == "True" for each in listener["conditions"])
    }


def test_certificates_are_rotated(front: Lab, traffic: MixedTraffic) -> None:
    for number in (1, 0, 1):
        apply(front, secret(number))
        wanted = PAIRS[number][0].decode()
        wait_until(lambda pem=wanted: served_certificate(front) == pem, "the new certificate")  # type: ignore[misc]
        traffic.go_on(1)


def served_certificate(lab: Lab) -> str:
    """To a client that comes now."""
    at = target(lab)
    return ssl.get_server_certificate((at.address, at.tls_port))


def test_routes_are_edited(front: Lab, traffic: MixedTraffic) -> None:
    """Weights from all to nothing and back, with and without a filter, without a pause between."""
    api = LabApi(Path(front.environment["KUBECONFIG"]))
    for kind, name in (("grpcroutes", "calls"), ("httproutes", "pages")):
        twin = api("GET", f"/api/v1/namespaces/default/services/{name}").body["spec"]
        made = {"selector": twin["selector"], "ports": [{"port": 3000}]}
        apply(front, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"{name}-twin"}, "spec": made})
        for number in range(EDITS):
            weights = (100, 0) if number % 2 else (0, 100)
            refs = [
                {"name": each, "port": 3000, "weight": weight}
                for each, weight in zip((name, f"{name}-twin"), weights, strict=True)
            ]
            headers = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "y"}]}}
            rule = {"backendRefs": refs, "filters": [headers] if number % 3 else []}
            patch = {"spec": {"rules": [rule]}}
            answer = api("PATCH", f"{GATEWAY}/{kind}/{name}", patch, content_type="application/merge-patch+json")
            assert answer.code == 200, answer.body
        traffic.go_on(1)


def test_backends_scale_roll_and_are_deleted(front: Lab, traffic: MixedTraffic) -> None:
    both = ("deployment/calls", "deployment/pages")
    for replicas in (4, 1, 2):
        front.kubectl("scale", *both, f"--replicas={replicas}")
        for each in both:
            front.kubectl("rollout", "status", each, "--timeout=60s")
    front.kubectl("rollout", "restart", *both)
    for each in both:
        front.kubectl("rollout", "status", each, "--timeout=60s")
    for app in ("calls", "pages"):
        pods = front.get("pods", "-l", f"app={app}")["items"]
        alive = [each["metadata"]["name"] for each in pods if "deletionTimestamp" not in each["metadata"]]
        front.kubectl("delete", "pod", alive[0], "--timeout=40s")
    traffic.go_on()


def test_the_control_plane_and_its_xds_are_killed(front: Lab, traffic: MixedTraffic) -> None:
    (control_plane,) = processes(front, "gatelab.controlplane")
    control_plane.kill()
    traffic.go_on()
    ready = ("get", "--raw", "/readyz")
    wait_until(lambda: front.kubectl(*ready, check=False).returncode == 0, "the API is back")
    front.kubectl(
        "patch", "httproute", "pages", "--type=json", "-p", json.dumps([add("/spec/hostnames/-", "new.test")])
    )
    traffic.go_on()


def test_a_pod_that_is_killed_costs_what_was_under_way_on_it(front: Lab) -> None:
    """At most a request on each connection at that moment: then nothing goes to it."""
    with MixedTraffic(target(front)) as traffic:
        victim = processes(front, "gatelab.backends.echo")[0]
        victim.kill()
        wait_until(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, "it has ended")
        for name in ("calls", "pages"):
            front.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
        lost = len(traffic.losses)
    assert lost <= traffic.connections
    with MixedTraffic(target(front)) as again:
        again.go_on()


def processes(lab: Lab, part: str) -> list[psutil.Process]:
    return [each for each in lab.processes() if part in " ".join(each.cmdline())]
