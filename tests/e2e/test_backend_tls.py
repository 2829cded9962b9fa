"""TLS to backends in a lab: a policy comes, authorities and certificates are renewed, and no request is lost."""

import base64
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from proxy_configs import SelfSigned, self_signed
from running_lab import Lab, wait_until
from steady_requests import steady

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False).returncode != 0,
        reason="this machine permits no mount namespaces, by which containers see their volumes",
    ),
]

GROUP = "gateway.networking.k8s.io/v1"
FILES = {"TLS_SERVER_CERT": "tls.crt", "TLS_SERVER_PRIVKEY": "tls.key", "TLS_CLIENT_CACERTS": "clients.crt"}
CONTAINER = {
    "name": "echo",
    "image": "registry.k8s.io/gateway-api/echo-basic:v1.5.1",
    "env": [{"name": name, "value": f"/tls/{file}"} for name, file in FILES.items()],
    "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
    "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
}
LABELS = {"app": "web"}
SERVICE = {"selector": LABELS, "ports": [{"name": "https", "port": 443, "targetPort": 8443, "appProtocol": "https"}]}
DEPLOYMENT = {
    "replicas": 2,
    "selector": {"matchLabels": LABELS},
    "template": {
        "metadata": {"labels": LABELS},
        "spec": {"containers": [CONTAINER], "volumes": [{"name": "tls", "secret": {"secretName": "web"}}]},
    },
}
GATEWAY = {
    "gatewayClassName": "gatelab",
    "tls": {"backend": {"clientCertificateRef": {"group": "", "kind": "Secret", "name": "gateway"}}},
    "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}],
}
ROUTE = {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "web", "port": 443}]}]}
POLICY = {
    "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
    "validation": {
        "hostname": "web.test",
        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "authorities"}],
    },
}


def of(api_version: str, kind: str, name: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **content}


def secret(name: str, pair: SelfSigned, clients: bytes = b"") -> dict[str, Any]:
    files = {"tls.crt": pair.chain, "tls.key": pair.key, "clients.crt": clients}
    return of("v1", "Secret", name, data={file: base64.b64encode(data).decode() for file, data in files.items()})


def authorities(*pairs: SelfSigned) -> dict[str, Any]:
    return of("v1", "ConfigMap", "authorities", data={"ca.crt": b"".join(pair.chain for pair in pairs).decode()})


def apply(lab: Lab, folder: Path, *objects: dict[str, Any]) -> None:
    manifest = folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all(objects))
    lab.kubectl("apply", "-f", str(manifest))


def condition(lab: Lab, type_: str) -> tuple[str, str]:
    """Of the policy's only ancestor."""
    ancestors = lab.get("backendtlspolicy", "web").get("status", {}).get("ancestors") or [{"conditions": ()}]
    found: dict[str, str] = next((each for each in ancestors[0]["conditions"] if each["type"] == type_), {})
    return found.get("status", ""), found.get("reason", "")


def test_tls_to_backends_and_its_renewal(lab: Lab, state_folder: Path) -> None:
    old, new, mine = self_signed("web.test"), self_signed("web.test"), self_signed("gateway.test")
    apply(
        lab,
        state_folder,
        secret("web", old, mine.chain),
        secret("gateway", mine),
        of("apps/v1", "Deployment", "web", spec=DEPLOYMENT),
        of("v1", "Service", "web", spec=SERVICE),
        of(GROUP, "Gateway", "gw", spec=GATEWAY),
        of(GROUP, "HTTPRoute", "web", spec=ROUTE),
        of(GROUP, "BackendTLSPolicy", "web", spec=POLICY),
    )
    lab.kubectl("wait", "gateway/gw", "--for=condition=Programmed", "--timeout=30s")
    lab.kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    url = f"http://{lab.get('gateway', 'gw')['status']['addresses'][0]['value']}:8080"
    wait_until(lambda: condition(lab, "Accepted") == ("False", "NoValidCACertificate"), "the policy lacks authorities")
    assert condition(lab, "ResolvedRefs") == ("False", "InvalidCACertificateRef")
    wait_until(lambda: httpx2.get(url).status_code == 500, "nothing goes out in the clear")

    apply(lab, state_folder, authorities(old))
    wait_until(lambda: httpx2.get(url).status_code == 200, "the policy is served")
    assert condition(lab, "Accepted") == ("True", "Accepted")
    seen = httpx2.get(url).json()["tls"]
    assert seen["serverName"] == "web.test"
    assert seen["peerCertificates"] == [mine.chain.decode()]

    with steady(url) as met:
        apply(lab, state_folder, authorities(old, new), secret("web", new, mine.chain))
        lab.kubectl("rollout", "restart", "deployment/web")
        lab.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        apply(lab, state_folder, authorities(new))
        before = met["200"]
        wait_until(lambda: met["200"] > before + 100, "requests go on")
    assert set(met) == {"200"}, met

    lab.kubectl("delete", "configmap", "authorities")
    wait_until(lambda: httpx2.get(url).status_code == 500, "without authorities nothing is sent")
