"""Images that a lab brings along, in pods that ask for nothing more than the conformance tests' do."""

import subprocess
from pathlib import Path

import dns.message
import dns.query
import httpx2
import pytest
import yaml

from running_lab import Lab, wait_until

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False).returncode != 0,
        reason="this machine permits no mount namespaces, by which containers see their volumes",
    ),
]

NAMESPACE = {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
ECHO = {"name": "echo", "image": "registry.k8s.io/gateway-api/echo-basic:v1.5.1", "env": [NAMESPACE]}
COREDNS = {
    "name": "coredns",
    "image": "registry.k8s.io/coredns/coredns:v1.12.2",
    "args": ["-conf", "/root/Corefile"],
    # Over the home of root, where an interpreter may live.
    "volumeMounts": [{"name": "conf", "mountPath": "/root"}],
}
SERVICE = {"selector": {"app": "echo"}, "ports": [{"name": "http", "port": 8080, "targetPort": 3000}]}
OBJECTS = [
    {"kind": "Pod", "metadata": {"name": "echo", "labels": {"app": "echo"}}, "spec": {"containers": [ECHO]}},
    {"kind": "Service", "metadata": {"name": "echo"}, "spec": SERVICE},
    {"kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"Corefile": "foo.bar.com:5300 {\n  whoami\n}\n"}},
    {
        "kind": "Pod",
        "metadata": {"name": "coredns"},
        "spec": {"containers": [COREDNS], "volumes": [{"name": "conf", "configMap": {"name": "conf"}}]},
    },
]


def test_echo_and_coredns_need_no_more_than_their_manifests(lab: Lab, state_folder: Path) -> None:
    manifest = state_folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all([{"apiVersion": "v1", **each} for each in OBJECTS]))
    lab.kubectl("apply", "-f", str(manifest))
    lab.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=30s")

    address = lab.get("pod", "coredns")["status"]["podIP"]
    answer = dns.query.udp(dns.message.make_query("foo.bar.com.", "A"), address, port=5300, timeout=10)
    assert answer.additional[0].to_text() == "foo.bar.com. 0 IN A 127.0.0.1"

    service = lab.get("service", "echo")["spec"]["clusterIP"]
    url = f"http://{service}:8080"
    wait_until(lambda: answers(f"{url}/health"), "the Service's endpoints are known to the node's proxy")
    found = httpx2.get(f"{url}/log/me?x=1").json()
    assert (found["path"], found["namespace"], found["pod"]) == ("/log/me?x=1", "default", "echo")
    assert "Echoing back request made to /log/me?x=1 to client (127.0.0.1:" in lab.kubectl("logs", "echo").stdout


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False
