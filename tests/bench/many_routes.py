"""A lab with one Gateway and one HTTP backend, and the objects of gateway-api-bench (howardjohn/gateway-api-bench)."""

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.api import Client
from running_lab import Lab, start_lab, stop_lab, wait_until

NAMESPACE = "many"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
ROUTES = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes"
GATEWAYS = ROUTES.replace("httproutes", "gateways")
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
_LABELS = {"app": "backend"}
_HEADERS = {
    "set": [{"name": "x-set", "value": "1"}],
    "add": [{"name": "x-add", "value": "2"}],
    "remove": ["x-gone"],
}


@contextmanager
def routed_lab() -> Iterator[tuple[Lab, str]]:
    """The lab, and the address of its Gateway `many` on port 80."""
    state = Path(tempfile.mkdtemp(prefix="gl-"))
    lab = start_lab(state, "bench")
    try:
        lab.kubectl("create", "namespace", NAMESPACE)
        client = Client(lab)
        client("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", _deployment())
        client("POST", f"{CORE}/services", service("backend"))
        client("POST", GATEWAYS, _gateway())
        lab.kubectl("-n", NAMESPACE, "wait", "gateway/many", "--for=condition=Programmed", "--timeout=60s")
        lab.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/backend", "--timeout=60s")
        address = lab.get("-n", NAMESPACE, "gateway", "many")["status"]["addresses"][0]["value"]
        yield lab, address
    finally:
        stop_lab(lab)
        shutil.rmtree(state, ignore_errors=True)


def _deployment() -> dict[str, Any]:
    container = {"name": "echo", "image": "gatelab/echo:1", "ports": [{"containerPort": 3000}]}
    pod = {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": _LABELS}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "backend"}, "spec": spec}


def service(name: str, **selector: str) -> dict[str, Any]:
    """A Service of the backend, or of the pods that are selected."""
    spec = {"selector": selector or _LABELS, "ports": [{"name": "http", "port": 80, "targetPort": 3000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def endpoint_slice(service_name: str, address: str) -> dict[str, Any]:
    """One endpoint of a Service without pods of its own."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": service_name, "labels": {"kubernetes.io/service-name": service_name}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 3000, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


def _gateway() -> dict[str, Any]:
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    spec = {"gatewayClassName": "gatelab", "listeners": [listener]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "many"},
        "spec": spec,
    }


def probe_route(number: int) -> dict[str, Any]:
    """The route of the probe: a path to the backend, with filters, and all other paths to one that does not exist."""
    changes = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": _HEADERS},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": _HEADERS},
    ]
    return http_route(
        number,
        {"matches": [_prefix(f"/{number}")], "filters": changes, "backendRefs": [{"name": "backend", "port": 80}]},
        {"matches": [_prefix("/")], "backendRefs": [{"name": "nowhere", "port": 80}]},
    )


def load_route(number: int, backend: str, path: str) -> dict[str, Any]:
    """The route of the load tests: one path to one backend."""
    return http_route(number, {"matches": [_prefix(path)], "backendRefs": [{"name": backend, "port": 80}]})


def http_route(number: int, *rules: dict[str, Any]) -> dict[str, Any]:
    """A route of the Gateway for a host of its own."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": f"route-{number}"},
        "spec": {"parentRefs": [{"name": "many"}], "hostnames": [host(number)], "rules": list(rules)},
    }


def host(number: int) -> str:
    return f"{number}-route.example.com"


def _prefix(path: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": path}}


def attached(client: Client) -> int:
    """`attachedRoutes` of the Gateway's listener."""
    listeners = json.loads(client("GET", f"{GATEWAYS}/many")).get("status", {}).get("listeners") or [{}]
    return int(listeners[0].get("attachedRoutes", -1))


def until_attached(client: Client, count: int, timeout_s: float = 120) -> None:
    wait_until(lambda: attached(client) == count, f"{count} routes are attached", timeout_s=timeout_s)


@dataclass
class KeepAlive:
    """One HTTP/1.1 connection to a Gateway, opened again when it was closed."""

    address: str
    port: int = 80
    _socket: socket.socket | None = field(default=None)

    def status(self, host: str, path: str) -> int:
        """Asks once; the status of the answer, whose body is read. Raises OSError when the connection breaks."""
        if self._socket is None:
            self._socket = socket.create_connection((self.address, self.port), timeout=10)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head, _, body = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        missing = int(headers.get(b"content-length", 0)) - len(body)
        while missing > 0:
            missing -= len(self._socket.recv(65536))
        if headers.get(b"connection") == b"close":
            self._socket.close()
            self._socket = None
        return int(head.split(b" ", 2)[1])

    def _until(self, end: bytes) -> bytes:
        assert self._socket is not None
        received = b""
        while end not in received:
            part = self._socket.recv(65536)
            if not part:
                raise ConnectionResetError("closed before the answer")
            received += part
        return received


@dataclass
class Usage:
    """CPU seconds and memory of processes of a lab since it was made."""

    processes: dict[str, list[psutil.Process]]
    _begun: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._begun = self.cpu_s()

    def cpu_s(self) -> dict[str, float]:
        return {
            name: sum(sum(each.cpu_times()[:2]) for each in processes) for name, processes in self.processes.items()
        }

    def cores(self, seconds: float) -> dict[str, float]:
        """Mean over these seconds."""
        now = self.cpu_s()
        return {name: round((now[name] - self._begun[name]) / seconds, 4) for name in now}

    def memory_mb(self) -> dict[str, float]:
        """PSS."""
        return {
            name: round(sum(each.memory_full_info().pss for each in processes) / 1e6, 1)
            for name, processes in self.processes.items()
        }


def usage(lab: Lab) -> Usage:
    """Of the control plane, and of the Gateway's Envoy."""
    found: dict[str, list[psutil.Process]] = {"control_plane": [], "envoy": []}
    for each in lab.processes():
        words = each.cmdline()
        if "gatelab.controlplane" in words:
            found["control_plane"].append(each)
        elif words and words[0].endswith("/envoy") and any("gatelab.ready" in word for word in words):
            found["envoy"].append(each)
    return Usage(found)
