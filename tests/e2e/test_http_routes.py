"""HTTPRoutes through a lab: matches, weights, redirects, grants, two Gateways; a bad route disturbs nobody else."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from running_lab import Lab, wait_until
from steady_requests import steady

pytestmark = pytest.mark.lab

SERVER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ["HOSTNAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Path", self.path)
        self.send_header("X-Seen", self.headers.get("X-Added", ""))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_): pass
ThreadingHTTPServer((os.environ["GATELAB_POD_IP"], 3000), Handler).serve_forever()
"""


def of(kind: str, name: str, spec: dict[str, Any], *, group: str = "gateway.networking.k8s.io/v1") -> dict[str, Any]:
    namespace, _, name = name.rpartition("/")
    metadata = {"name": name, "namespace": namespace or "default", "labels": {"app": name}}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def server(name: str) -> list[dict[str, Any]]:
    """A pod and its Service."""
    container = {
        "name": "main",
        "image": "test/http:1",
        "command": [sys.executable, "-S", "-c", SERVER],
        "readinessProbe": {"tcpSocket": {"port": 3000}, "periodSeconds": 1},
    }
    ports = [{"port": 8080, "targetPort": 3000}]
    return [
        of("Pod", name, {"containers": [container]}, group="v1"),
        of("Service", name, {"selector": {"app": name.rpartition("/")[2]}, "ports": ports}, group="v1"),
    ]


def gateway(name: str) -> dict[str, Any]:
    return of(
        "Gateway",
        name,
        {"gatewayClassName": "gatelab", "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}]},
    )


def route(name: str, *rules: dict[str, Any], parents: tuple[str, ...] = ("one",), **spec: Any) -> dict[str, Any]:
    return of("HTTPRoute", name, {"parentRefs": [{"name": each} for each in parents], "rules": list(rules), **spec})


def to(*names: str, weights: tuple[int, ...] = (), **rule: Any) -> dict[str, Any]:
    shares = zip(names, weights or (1,) * len(names), strict=True)
    return {"backendRefs": [{"name": name, "port": 8080, "weight": weight} for name, weight in shares], **rule}


ADDED = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Added", "value": "yes"}]}}
REDIRECT = {
    "type": "RequestRedirect",
    "requestRedirect": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}, "statusCode": 301},
}
MAIN = route(
    "main",
    to("a"),
    to("b", matches=[{"headers": [{"name": "X-To", "value": "b"}]}]),
    to("b", matches=[{"queryParams": [{"name": "to", "value": "b"}]}]),
    to("b", matches=[{"method": "POST"}]),
    to("a", "b", weights=(9, 1), matches=[{"path": {"value": "/weighted"}}], filters=[ADDED]),
    {"matches": [{"path": {"value": "/old"}}], "filters": [REDIRECT]},
    hostnames=["main.test"],
)
GRANT = of(
    "ReferenceGrant",
    "other/grant",
    {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "default"}],
        "to": [{"group": "", "kind": "Service", "name": "c"}],
    },
)


def apply(lab: Lab, folder: Path, *objects: dict[str, Any]) -> None:
    manifest = folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all(objects))
    lab.kubectl("apply", "-f", str(manifest))


def accepted(lab: Lab, name: str, type_: str = "Accepted") -> dict[str, Any]:
    parents = lab.get("httproute", name).get("status", {}).get("parents") or [{"conditions": ()}]
    return next((each for each in parents[0]["conditions"] if each["type"] == type_), {})


def test_http_routes(lab: Lab, state_folder: Path) -> None:
    images = state_folder / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text('images: {"test/http:1": {command: ["true"]}}\n')
    lab.kubectl("create", "namespace", "other")
    servers = [each for name in ("a", "b", "other/c") for each in server(name)]
    across = {"backendRefs": [{"name": "c", "namespace": "other", "port": 8080}]}
    both = route("both", to("a"), parents=("one", "two"), hostnames=["both.test"])
    apply(
        lab,
        state_folder,
        *servers,
        gateway("one"),
        gateway("two"),
        MAIN,
        both,
        route("across", across, hostnames=["c.test"]),
    )
    for name in ("one", "two"):
        lab.kubectl("wait", f"gateway/{name}", "--for=condition=Programmed", "--timeout=30s")
    lab.kubectl("wait", "pod/a", "pod/b", "--for=condition=Ready", "--timeout=30s")
    one, two = (f"http://{lab.get('gateway', each)['status']['addresses'][0]['value']}:8080" for each in ("one", "two"))
    assert one != two
    with httpx2.Client(headers={"Host": "main.test"}, timeout=40) as client:
        wait_until(lambda: client.get(one).text == "a", "the route serves")
        check_main(client, one)
        for url in (one, two):
            wait_until(lambda url=url: client.get(url, headers={"Host": "both.test"}).text == "a", "both serve")  # type: ignore[misc]
        assert client.get(two).status_code == 404
        with steady(one, host="main.test") as met:
            check_grant(lab, state_folder, client, one)
            check_bad_routes(lab, state_folder)
        assert set(met) == {"200"}, met
        assert met["200"] > 20
    check_kubectl(lab)


def check_main(client: httpx2.Client, url: str) -> None:
    assert client.get(url, headers={"X-To": "b"}).text == "b"
    assert client.get(f"{url}/?to=b").text == "b"
    assert client.post(url).text == "b"
    answers = [client.get(f"{url}/weighted") for _ in range(300)]
    share = Counter(each.text for each in answers)["b"]
    assert 0 < share < 70  # 30, and six standard deviations
    assert {each.headers["X-Seen"] for each in answers} == {"yes"}
    found = client.get(f"{url}/old/x?q=1")
    assert (found.status_code, found.headers["Location"]) == (301, "http://main.test:8080/new/x?q=1")


def check_grant(lab: Lab, folder: Path, client: httpx2.Client, url: str) -> None:
    def status() -> int:
        return client.get(url, headers={"Host": "c.test"}).status_code

    assert accepted(lab, "across", "ResolvedRefs")["reason"] == "RefNotPermitted"
    assert status() == 500
    apply(lab, folder, GRANT)
    wait_until(lambda: status() == 200, "granted")
    assert accepted(lab, "across", "ResolvedRefs")["status"] == "True"
    lab.kubectl("-n", "other", "delete", "referencegrant", "grant")
    wait_until(lambda: status() == 500, "revoked")


def check_bad_routes(lab: Lab, folder: Path) -> None:
    expression: dict[str, Any] = {"matches": [{"path": {"type": "RegularExpression", "value": "("}}]}
    apply(lab, folder, route("bad", to("a", **expression)), route("lost", to("nobody"), hostnames=["lost.test"]))
    wait_until(lambda: accepted(lab, "bad").get("reason") == "UnsupportedValue", "the bad route is told")
    wait_until(lambda: accepted(lab, "lost", "ResolvedRefs").get("reason") == "BackendNotFound", "the lost one too")


def check_kubectl(lab: Lab) -> None:
    lines = lab.kubectl("get", "httproutes").stdout.splitlines()
    assert lines[0].split() == ["NAME", "HOSTNAMES", "AGE"]
    assert next(line for line in lines if line.startswith("main")).split()[1] == '["main.test"]'
    described = lab.kubectl("describe", "httproute", "lost").stdout
    assert "Service default/nobody does not exist" in described
