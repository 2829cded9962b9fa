"""The API at a size that hurts: 2,000 Services and 2,000 routes, durable creates, 100 watchers, kubectl."""

import base64
import json
import ssl
import statistics
import subprocess
import threading
import time
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import psutil

from bench import watchers
from bench.lab import Lab, example_lab
from gatelab.cli.kubectl import kubectl_binary

OBJECTS = 2000
CLIENTS = 8
CREATES = 4000
NAMESPACE = "many"
ROUTE_GROUP = "/apis/gateway.networking.k8s.io/v1"


def measure(runs: int) -> dict[str, Any]:
    with example_lab() as lab:
        lab.kubectl("create", "namespace", NAMESPACE)
        Client(lab)("POST", f"{ROUTE_GROUP}/namespaces/{NAMESPACE}/gateways", GATEWAY)
        creates = [_creates_per_s(lab, f"round-{run}") for run in range(runs)]
        _fill(lab)
        lists = {
            what: [_list_s(lab, path) for _ in range(runs)]
            for what, path in {
                "services": f"/api/v1/namespaces/{NAMESPACE}/services",
                "routes": f"{ROUTE_GROUP}/namespaces/{NAMESPACE}/grpcroutes",
            }.items()
        }
        attached_s = _until_all_routes_are_attached(lab)
        events = [watchers.event_latencies_ms(address(lab), token(lab), trust(lab)) for _ in range(runs)]
        kubectl = {what: _command_s(lab, line, runs) for what, line in KUBECTL.items()}
        memory = _control_plane(lab).memory_full_info().pss / 1e6
    return {
        "objects": f"{OBJECTS} Services, {OBJECTS} GRPCRoutes, {runs * CREATES} ConfigMaps",
        "medians": {
            "durable_creates_per_s_of_8_clients": round(statistics.median(creates)),
            **{f"list_{what}_s": round(statistics.median(each), 3) for what, each in lists.items()},
            "event_to_100_watchers_p99_ms": round(statistics.median(each["p99"] for each in events), 1),
            "event_to_100_watchers_p50_ms": round(statistics.median(each["p50"] for each in events), 1),
            **{f"kubectl_{what}_s": round(statistics.median(each), 3) for what, each in kubectl.items()},
            "control_plane_pss_mb": round(memory, 1),
            "routes_attached_s_after_the_last_create": round(attached_s, 2),
        },
        "durable_creates_per_s": [round(each) for each in creates],
        "lists_s": lists,
        "events_ms": events,
        "kubectl_s": kubectl,
    }


GATEWAY = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "many"},
    "spec": {"gatewayClassName": "gatelab", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
}
KUBECTL = {
    "own_start": ["version", "--client"],
    "get_pods": ["-n", "hello-grpc", "get", "pods"],
    "get_2000_services": ["-n", NAMESPACE, "get", "services"],
}


class Client:
    """One connection."""

    def __init__(self, lab: Lab) -> None:
        host, _, port = address(lab).partition(":")
        self._connection = HTTPSConnection(host, int(port), context=trust(lab), timeout=60)
        self._headers = {"Authorization": f"Bearer {token(lab)}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return content


def _creates_per_s(lab: Lab, name: str) -> float:
    """ConfigMaps from 8 connections at once, each waiting for the answer, that is for the disk, before the next."""
    clients = [Client(lab) for _ in range(CLIENTS)]
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    for client in clients:
        client("GET", "/readyz")

    def create(client: Client, lane: int) -> None:
        for number in range(CREATES // CLIENTS):
            data = {"metadata": {"name": f"{name}-{lane}-{number}"}, "data": {"text": "x" * 100}}
            client("POST", path, {"apiVersion": "v1", "kind": "ConfigMap", **data})

    threads = [threading.Thread(target=create, args=(client, lane)) for lane, client in enumerate(clients)]
    start = time.perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return CREATES / (time.perf_counter() - start)


def _fill(lab: Lab) -> None:
    client = Client(lab)
    for number in range(OBJECTS):
        client("POST", f"/api/v1/namespaces/{NAMESPACE}/services", _service(number))
        client("POST", f"{ROUTE_GROUP}/namespaces/{NAMESPACE}/grpcroutes", _route(number))


def _service(number: int) -> dict[str, Any]:
    ports = [{"name": "grpc", "port": 80, "targetPort": 8080, "appProtocol": "kubernetes.io/h2c"}]
    spec = {"selector": {"app": f"app-{number}"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"service-{number}"}, "spec": spec}


def _route(number: int) -> dict[str, Any]:
    spec = {
        "parentRefs": [{"name": "many"}],
        "hostnames": [f"host-{number}.test"],
        "rules": [{"backendRefs": [{"name": f"service-{number}", "port": 80}]}],
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GRPCRoute",
        "metadata": {"name": f"route-{number}"},
        "spec": spec,
    }


def _list_s(lab: Lab, path: str) -> float:
    client = Client(lab)
    client("GET", "/readyz")
    start = time.perf_counter()
    content = client("GET", path)
    taken = time.perf_counter() - start
    assert len(json.loads(content)["items"]) >= OBJECTS
    return round(taken, 4)


def _until_all_routes_are_attached(lab: Lab) -> float:
    """Seconds until every route has a status."""
    client = Client(lab)
    start = time.perf_counter()
    while time.perf_counter() < start + 120:
        routes = json.loads(client("GET", f"{ROUTE_GROUP}/namespaces/{NAMESPACE}/grpcroutes"))["items"]
        if all("status" in each and each["status"].get("parents") for each in routes):
            return time.perf_counter() - start
        time.sleep(0.2)
    raise AssertionError("not all routes have a status after 120 s")


def _command_s(lab: Lab, line: list[str], runs: int) -> list[float]:
    """kubectl itself, without `gatelab kubectl` before it. The first run fills its discovery cache, and is left out."""
    command = [str(kubectl_binary()), *line]
    taken = []
    for _ in range(max(runs, 5) * 4 + 1):
        start = time.perf_counter()
        subprocess.run(command, env=lab.environment, check=True, capture_output=True, timeout=60)
        taken.append(round(time.perf_counter() - start, 4))
    return taken[1:]


def _control_plane(lab: Lab) -> psutil.Process:
    return next(each for each in lab.processes() if "gatelab.controlplane" in each.cmdline())


def token(lab: Lab) -> str:
    return str(_user(lab)["users"][0]["user"]["token"])


def trust(lab: Lab) -> ssl.SSLContext:
    authority = base64.b64decode(_user(lab)["clusters"][0]["cluster"]["certificate-authority-data"])
    return ssl.create_default_context(cadata=authority.decode())


def _user(lab: Lab) -> Any:
    return json.loads(Path(lab.environment["KUBECONFIG"]).read_text())


def address(lab: Lab) -> str:
    return str(lab.facts["api"]).removeprefix("https://")
