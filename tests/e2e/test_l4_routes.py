"""TCPRoutes, TLSRoutes and UDPRoutes through a lab: who answers, by port, server name and weight; who is cut off."""

import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from l4_echo import trusting
from proxy_configs import SelfSigned, self_signed
from running_lab import Lab, wait_until

pytestmark = pytest.mark.lab

GROUP = "gateway.networking.k8s.io/v1"
PATIENCE_S = 5.0


def of(kind: str, name: str, spec: dict[str, Any], version: str = GROUP) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def echo(name: str, mode: str) -> list[dict[str, Any]]:
    """A pod of the echo image, and its Service; in the mode TCP it serves TLS, too."""
    variables = {f"{mode}_ECHO_SERVER": "1", "POD_NAME": name}
    container: dict[str, Any] = {"name": "main", "image": "gatelab/echo:1"}
    pod: dict[str, Any] = {"containers": [container]}
    ports: list[dict[str, Any]] = [{"name": "udp", "port": 9000, "targetPort": 8080, "protocol": "UDP"}]
    if mode == "TCP":
        variables |= {"TLS_SERVER_CERT": "/tls/tls.crt", "TLS_SERVER_PRIVKEY": "/tls/tls.key"}
        container["volumeMounts"] = [{"name": "tls", "mountPath": "/tls"}]
        container["readinessProbe"] = {"tcpSocket": {"port": 8443}, "periodSeconds": 1}
        pod["volumes"] = [{"name": "tls", "secret": {"secretName": "passed"}}]
        ports = [{"name": "tcp", "port": 9000, "targetPort": 3000}, {"name": "tls", "port": 9443, "targetPort": 8443}]
    container["env"] = [{"name": key, "value": value} for key, value in variables.items()]
    return [of("Pod", name, pod, "v1"), of("Service", name, {"selector": {"app": name}, "ports": ports}, "v1")]


def secret(name: str, pair: SelfSigned) -> dict[str, Any]:
    data = {"tls.crt": pair.chain.decode(), "tls.key": pair.key.decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def route(kind: str, name: str, section: str, *backends: tuple[str, int, int], **spec: Any) -> dict[str, Any]:
    references = [{"name": backend, "port": port, "weight": weight} for backend, port, weight in backends]
    parents = [{"name": "gw", "sectionName": section}]
    return of(kind, name, {"parentRefs": parents, "rules": [{"backendRefs": references}], **spec})


GATEWAY = of(
    "Gateway",
    "gw",
    {
        "gatewayClassName": "gatelab",
        "listeners": [
            {"name": "tcp", "port": 9000, "protocol": "TCP"},
            {"name": "udp", "port": 9000, "protocol": "UDP"},
            {"name": "idle", "port": 9001, "protocol": "TCP"},
            {
                "name": "ended",
                "port": 9443,
                "protocol": "TLS",
                "hostname": "ended.test",
                "tls": {"certificateRefs": [{"name": "ended"}]},
            },
            {
                "name": "passed",
                "port": 9443,
                "protocol": "TLS",
                "hostname": "*.passed.test",
                "tls": {"mode": "Passthrough"},
            },
        ],
    },
)
ROUTES = [
    route("TCPRoute", "tcp", "tcp", ("a", 9000, 3), ("b", 9000, 1)),
    route("UDPRoute", "udp", "udp", ("u", 9000, 1), ("v", 9000, 0)),
    route("TLSRoute", "ended", "ended", ("a", 9000, 1), hostnames=["ended.test"]),
    route("TLSRoute", "passed", "passed", ("b", 9443, 1), hostnames=["x.passed.test"]),
]


def apply(lab: Lab, folder: Path, *objects: dict[str, Any]) -> None:
    manifest = folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all(objects))
    lab.kubectl("apply", "-f", str(manifest))


@contextmanager
def connected(address: tuple[str, int], tls: ssl.SSLContext | None, name: str) -> Iterator[Any]:
    with socket.create_connection(address, timeout=PATIENCE_S) as plain:
        if tls is None:
            yield plain.makefile("rwb", buffering=0)
        else:
            with tls.wrap_socket(plain, server_hostname=name) as ended:
                yield ended.makefile("rwb", buffering=0)


def answer(address: tuple[str, int], tls: ssl.SSLContext | None = None, name: str = "") -> tuple[str, bool]:
    """Who answers on a new connection, and whether TLS came to it; "" if the connection is closed instead."""
    try:
        with connected(address, tls, name) as stream:
            stream.write(b"TEST\n")
            lines = [stream.readline() for _ in range(2)]
    except (ConnectionError, ssl.SSLError):
        return "", False
    if not lines[1]:
        return "", False
    found = json.loads(lines[1])
    return found["pod"], found["isTLS"]


def answer_by_datagram(address: tuple[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(address)
        try:
            client.send(b"hello")
            return str(json.loads(client.recv(4096))["pod"])
        except OSError:
            return ""


@contextmanager
def talking(address: tuple[str, int]) -> Iterator[list[bytes]]:
    """One connection that asks and waits for the answer, again and again, for as long as the block runs."""
    heard: list[bytes] = []
    done = threading.Event()

    def run() -> None:
        with connected(address, None, "") as stream:
            stream.readline()
            while not done.is_set():
                stream.write(b"PING\n")
                heard.append(stream.readline())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield heard
    finally:
        done.set()
        thread.join(10)


def test_routes_of_layer_4(lab: Lab, state_folder: Path) -> None:
    ended, passed = self_signed("ended.test"), self_signed("x.passed.test", "y.passed.test")
    pods = [*echo("a", "TCP"), *echo("b", "TCP"), *echo("u", "UDP"), *echo("v", "UDP")]
    apply(lab, state_folder, secret("ended", ended), secret("passed", passed), *pods, GATEWAY, *ROUTES)
    lab.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=30s")
    lab.kubectl("wait", "gateway/gw", "--for=condition=Programmed", "--timeout=30s")
    host = lab.get("gateway", "gw")["status"]["addresses"][0]["value"]
    wait_until(lambda: answer((host, 9000))[0] != "", "TCP is served")
    check_weights((host, 9000))
    check_server_names((host, 9443), trusting(ended.chain), trusting(passed.chain))
    wait_until(lambda: answer_by_datagram((host, 9000)) == "u", "UDP is served")
    assert answer((host, 9001)) == ("", False), "a listener without a route closes connections"
    with talking((host, 9000)) as heard:
        check_changes(lab, state_folder, host, trusting(passed.chain))
        check_tls_anew(lab, state_folder, (host, 9443), ended, passed)
    assert set(heard) == {b"PONG\n"}
    assert len(heard) > 20
    assert [each["attachedRoutes"] for each in lab.get("gateway", "gw")["status"]["listeners"]] == [1, 1, 1, 1, 2]


def check_weights(address: tuple[str, int]) -> None:
    found = Counter(answer(address)[0] for _ in range(200))
    assert set(found) == {"a", "b"}
    assert 10 < found["b"] < 95  # 50, and more than six standard deviations


def check_server_names(address: tuple[str, int], ended: ssl.SSLContext, passed: ssl.SSLContext) -> None:
    wait_until(lambda: answer(address, ended, "ended.test") == ("a", False), "TLS ends at the Gateway")
    wait_until(lambda: answer(address, passed, "x.passed.test") == ("b", True), "TLS is passed on")
    assert answer(address, passed, "y.passed.test") == ("", False), "no route has that name"


def check_changes(lab: Lab, folder: Path, host: str, passed: ssl.SSLContext) -> None:
    """Routes come and change on the other listeners; a datagram's way, too."""
    more = route("TLSRoute", "more", "passed", ("a", 9443, 1), hostnames=["y.passed.test"])
    moved = route("UDPRoute", "udp", "udp", ("u", 9000, 0), ("v", 9000, 1))
    late = route("TCPRoute", "late", "idle", ("nobody", 9000, 1))
    apply(lab, folder, more, moved, late)
    wait_until(lambda: answer((host, 9443), passed, "y.passed.test") == ("a", True), "the new route serves")
    wait_until(lambda: answer_by_datagram((host, 9000)) == "v", "datagrams go elsewhere")
    assert {answer_by_datagram((host, 9000)) for _ in range(20)} == {"v"}
    conditions = lab.get("tcproute", "late")["status"]["parents"][0]["conditions"]
    assert {each["type"]: each["reason"] for each in conditions} == {
        "Accepted": "Accepted",
        "ResolvedRefs": "BackendNotFound",
    }


def check_tls_anew(lab: Lab, folder: Path, address: tuple[str, int], ended: SelfSigned, passed: SelfSigned) -> None:
    """TLS that has ended begins again, to a backend that is judged by a BackendTLSPolicy."""
    authority = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "ca"},
        "data": {"ca.crt": passed.chain.decode()},
    }
    target = {"group": "", "kind": "Service", "name": "b", "sectionName": "tls"}
    reference = {"group": "", "kind": "ConfigMap", "name": "ca"}
    validation = {"hostname": "x.passed.test", "caCertificateRefs": [reference]}
    policy = of("BackendTLSPolicy", "b", {"targetRefs": [target], "validation": validation})
    moved = route("TLSRoute", "ended", "ended", ("b", 9443, 1), hostnames=["ended.test"])
    apply(lab, folder, authority, policy, moved)
    wait_until(lambda: answer(address, trusting(ended.chain), "ended.test") == ("b", True), "TLS begins anew")
    assert answer(address, trusting(passed.chain), "x.passed.test") == ("b", True), "and is passed on as before"
