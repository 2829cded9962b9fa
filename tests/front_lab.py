"""A lab with gRPC and HTTP backends behind one Gateway, `front`, and what is done to it: for the tests of zero loss."""

import base64
import json
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from golden_cases import certificate_pair
from lab_requests import LabApi
from mixed_traffic import Target
from running_lab import Lab, alive, print_logs, start_lab, stop_lab, wait_until

MANIFEST = Path(__file__).with_name("e2e") / "zero_loss.yaml"
PAIRS = [certificate_pair.__wrapped__() for _ in range(2)]
"""Certificates with their keys."""
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/default"
BACKENDS = ("calls", "pages", "twin-calls", "twin-pages")
ENVOY = "front-gatelab"
"""The Deployment of the Gateway."""
ENVOYS = ("pods", "-l", "gateway.networking.k8s.io/gateway-name=front")
HTTP_LISTENER = {"name": "more", "port": 18081, "protocol": "HTTP"}


@contextmanager
def front_lab() -> Iterator[Lab]:
    """Everything is up. Its state folder is short: Unix sockets have paths of 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gl-"))
    try:
        lab = start_lab(folder, "zero")
        try:
            apply(lab, secret(0), *yaml.safe_load_all(MANIFEST.read_text()))
            lab.kubectl("wait", "gateway/front", "--for=condition=Programmed", "--timeout=30s")
            rolled(lab, *BACKENDS)
            yield lab
        finally:
            stop_lab(lab)
            print_logs(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rolled(lab: Lab, *deployments: str) -> None:
    for name in deployments:
        lab.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")


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


def patch(lab: Lab, what: str, operation: str, path: str, value: Any = None) -> None:
    """One operation on `kind/name` (JSON patch, RFC 6902)."""
    lab.kubectl("patch", what, "--type=json", "-p", json.dumps([{"op": operation, "path": path, "value": value}]))


def tune(lab: Lab, **data: str) -> None:
    """The Gateway's parameters, and no others; `_` stands for the dot in a key."""
    patch(lab, "configmap/tuning", "replace", "/data", {key.replace("_", "."): value for key, value in data.items()})


def envoys(lab: Lab) -> set[str]:
    """The names of the Gateway's pods."""
    return {each["metadata"]["name"] for each in lab.get(*ENVOYS)["items"]}


def a_listener_comes_and_goes(lab: Lab) -> None:
    patch(lab, "gateway/front", "add", "/spec/listeners/-", HTTP_LISTENER)
    wait_until(lambda: "more" in programmed(lab), "the listener is served")
    patch(lab, "gateway/front", "remove", "/spec/listeners/2")
    wait_until(lambda: programmed(lab) == {"plain", "tls"}, "the listener has gone")


def rotate_certificate(lab: Lab, number: int) -> None:
    """Until clients that come now are shown it."""
    apply(lab, secret(number))
    wanted = PAIRS[number][0].decode()
    wait_until(lambda: served_certificate(lab) == wanted, "the new certificate")


def edited_rules(name: str, number: int) -> list[dict[str, Any]]:
    """Of a route to backend `name` or its twin: a cycle of four, by weight or alone, with filters or without.

    Where the first filter is, the answer tells in `x-to` who was meant.
    """
    twin = f"twin-{name}"
    target = name if number % 2 else twin
    alone = [{"name": target, "port": 3000}]
    weighed = [{"name": each, "port": 3000, "weight": 100 if each == target else 0} for each in (name, twin)]
    told = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-to", "value": target}]}}
    asked = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "y"}]}}
    backends = alone if number % 4 in (0, 3) else weighed
    filters = ([told], [told, asked], [], [asked])[number % 4]
    return [{"backendRefs": backends, "filters": filters}]


def edit_routes(lab: Lab, edits: int, pause_s: float = 0.0) -> None:
    """Both routes in turn, each as often; the last edit of a multiple of four is to the backends of the manifest."""
    api = LabApi(Path(lab.environment["KUBECONFIG"]))
    for number in range(edits):
        for kind, name in (("grpcroutes", "calls"), ("httproutes", "pages")):
            changed = {"spec": {"rules": edited_rules(name, number)}}
            answer = api("PATCH", f"{GATEWAY}/{kind}/{name}", changed, content_type="application/merge-patch+json")
            assert answer.code == 200, answer.body
        time.sleep(pause_s)  # the pace of a test that is asked to keep one


def end_control_plane(lab: Lab, by: signal.Signals) -> None:
    """With its xDS server; back when the API of the next one is ready."""
    (control_plane,) = processes(lab, "gatelab.controlplane")
    control_plane.send_signal(by)
    wait_until(lambda: not alive([control_plane]), "it has ended")
    ready = ("get", "--raw", "/readyz")
    wait_until(lambda: lab.kubectl(*ready, check=False).returncode == 0, "the API is back")


def programmed(lab: Lab) -> set[str]:
    return {
        listener["name"]
        for listener in lab.get("gateway", "front")["status"]["listeners"]
        if any(each["type"] == "Programmed" and each["status"] == "True" for each in listener["conditions"])
    }


def served_certificate(lab: Lab) -> str:
    """To a client that comes now."""
    at = target(lab)
    return ssl.get_server_certificate((at.address, at.tls_port))


def pod_of(lab: Lab, backend: str) -> psutil.Process:
    """The process of one of its pods."""
    return next(each for each in processes(lab, "gatelab.backends.echo") if each.environ().get("POD_NAME") == backend)


def processes(lab: Lab, part: str) -> list[psutil.Process]:
    return [each for each in lab.processes() if part in " ".join(each.cmdline())]
