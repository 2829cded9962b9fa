"""Manifests that are wrong: each refusal and each status names the object, the field and what to do."""

import base64
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from faulty_lab import NAMESPACE, FaultyLab
from running_lab import EXAMPLE, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.kubectl, pytest.mark.timeout(120)]

HOST = "shop.faults.test"
"""Below the listener's `*.faults.test`, as the data plane's own name is."""


def kubectl_says(scene: FaultyLab, text: str, *options: str) -> str:
    """What `kubectl apply` of the text says on stderr; it must fail."""
    manifest = scene.folder / "bad.yaml"
    manifest.write_text(text)
    done = scene.lab.kubectl("apply", *options, "-f", str(manifest), check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_malformed_yaml(scene: FaultyLab) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n data: [\n"
    assert "yaml: line 4: did not find expected key" in kubectl_says(scene, text)
    answer = scene.api("POST", "/api/v1/namespaces/default/configmaps", text.encode(), content_type="application/yaml")
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert "line 5, column 2" in answer.body["message"]
    answer = scene.api("POST", "/api/v1/namespaces/default/configmaps", b'{"metadata": ')
    assert answer.code == 400
    assert "the object provided is unrecognized (must be of type JSON or YAML)" in answer.body["message"]


UNKNOWN_FIELD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "typo", "namespace": NAMESPACE},
    "spec": {"containers": [{"name": "c", "image": "bittrance/hello-world:tonic-hello-grpc", "comand": ["x"]}]},
}


def test_an_unknown_field(scene: FaultyLab) -> None:
    unknown = 'unknown field "spec.containers[0].comand"'
    refused = kubectl_says(scene, json.dumps(UNKNOWN_FIELD))
    assert f'Pod in version "v1" cannot be handled as a Pod: strict decoding error: {unknown}' in refused
    path = f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All&fieldValidation="
    warned = scene.api("POST", f"{path}Warn", UNKNOWN_FIELD)
    assert (warned.code, [unknown in each.replace("\\", "") for each in warned.warnings]) == (201, [True])
    assert scene.api("POST", f"{path}Ignore", UNKNOWN_FIELD).warnings == ()


def test_an_unknown_kind(scene: FaultyLab) -> None:
    text = "apiVersion: example.test/v1\nkind: Till\nmetadata: {name: till}\n"
    assert 'no matches for kind "Till" in version "example.test/v1"' in kubectl_says(scene, text)
    path = "/apis/example.test/v1/namespaces/default/tills"
    assert scene.api("GET", path).body["message"] == "the server could not find the requested resource"


def gateway(name: str, *listeners: Mapping[str, Any], address: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"gatewayClassName": "cilium", "listeners": list(listeners)}
    if address:
        spec["addresses"] = [{"type": "IPAddress", "value": address}]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def https(name: str, port: int, secret: str, hostname: str = "*.faults.test") -> dict[str, Any]:
    tls = {"certificateRefs": [{"name": secret}]}
    return {"name": name, "port": port, "protocol": "HTTPS", "hostname": hostname, "tls": tls}


def http(name: str, port: int) -> dict[str, Any]:
    return {"name": name, "port": port, "protocol": "HTTP"}


def pair() -> tuple[bytes, bytes]:
    """A certificate for the test's host, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "c")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    names = x509.SubjectAlternativeName([x509.DNSName("*.faults.test")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def secret(name: str, certificate: bytes, key: bytes) -> dict[str, Any]:
    data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "data": data}


def test_certificates_that_cannot_be_served(scene: FaultyLab) -> None:
    (certificate, key), (_, other_key) = pair(), pair()
    listeners = [
        https("good", 443, "good"),
        https("missing", 8443, "nosuch"),
        https("mismatch", 8444, "mismatch"),
        https("garbage", 8445, "garbage"),
    ]
    scene.apply(
        secret("good", certificate, key),
        secret("mismatch", certificate, other_key),
        secret("garbage", b"garbage", b"garbage"),
        gateway("certificates", *listeners),
    )
    scene.status_says(
        "gateway",
        "certificates",
        "Secret faults/nosuch does not exist",
        "Secret faults/mismatch: tls.key does not belong to the certificate in tls.crt",
        "Secret faults/garbage: tls.crt is not a PEM certificate",
        "not served: listener missing, mismatch, garbage, see status.listeners",
    )


@pytest.fixture(scope="module")
def shop(shared: FaultyLab) -> str:
    """`host:port` of a Gateway with routes that lead nowhere."""
    certificate, key = pair()
    shared.apply(
        secret("shop", certificate, key),
        gateway("shop", https("https", 443, "shop")),
        service("empty"),
        route("no-service", "nosuch", 8080),
        route("no-port", "empty", 81),
        route("no-pods", "empty", 8080),
        route("foreign", "empty", 8080, hostname="foreign.other.test"),
    )
    programmed = ("wait", "gateway/shop", "--for=condition=Programmed", "--timeout=20s")
    shared.lab.kubectl("-n", NAMESPACE, *programmed)
    return "cilium-gateway-shop.faults.test:443"


def service(name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    spec = {"selector": {"app": name}, "ports": [{"port": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def route(name: str, service: str, port: int, hostname: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GRPCRoute",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "parentRefs": [{"name": "shop"}],
            "hostnames": [hostname or f"{name}.faults.test"],
            "rules": [{"backendRefs": [{"name": service, "port": port}]}],
        },
    }


def call(scene: FaultyLab, address: str, server: str, *options: str) -> tuple[int, str]:
    """Exit code and what `gatelab call` says on stderr."""
    proto = ("--proto", str(EXAMPLE / "greetings.proto"), "-d", '{"name": "x"}')
    named = ("--servername", server, *(options or ("--insecure",)))
    done = scene.lab.gatelab("call", *proto, *named, address, "greetings.GreetMe/Send", check=False)
    return done.returncode, done.stderr


def test_a_route_to_a_service_that_is_not_there(scene: FaultyLab, shop: str) -> None:
    scene.status_says("grpcroute", "no-service", "BackendNotFound", "Service faults/nosuch does not exist")
    code, said = call(scene, shop, "no-service.faults.test")
    assert code == 64 + 14
    assert "no backend of route GRPCRoute/faults/no-service/rule-0/match-0 can be used" in said
    assert "`gatelab kubectl -n faults describe grpcroute no-service`" in said


def test_a_route_to_a_port_that_the_service_does_not_have(scene: FaultyLab, shop: str) -> None:
    scene.status_says("grpcroute", "no-port", "Service faults/empty has no TCP port 81; it has 8080")
    code, said = call(scene, shop, "no-port.faults.test")
    assert (code, "`gatelab kubectl -n faults describe grpcroute no-port`" in said) == (64 + 14, True)


def test_a_route_to_a_service_without_ready_pods(scene: FaultyLab, shop: str) -> None:
    code, said = call(scene, shop, "no-pods.faults.test")
    assert code == 64 + 14
    assert "no healthy upstream" in said
    assert "the Service behind the route has no ready pod" in said


def test_a_hostname_that_no_listener_has(scene: FaultyLab, shop: str) -> None:
    words = "hostnames foreign.other.test have nothing in common with the listeners' *.faults.test"
    scene.status_says("grpcroute", "foreign", "NoMatchingListenerHostname", words)
    code, said = call(scene, shop, "foreign.other.test")
    assert code == 1
    assert 'it has no certificate for "foreign.other.test" (a Gateway: no listener with that hostname)' in said
    code, said = call(scene, shop, "nobody.faults.test")
    assert (code, "no route of this host matches" in said, "Hint: " in said) == (64 + 12, True, True)


def test_the_wrong_ca_on_the_side_of_the_client(scene: FaultyLab, shop: str) -> None:
    wrong = scene.folder / "wrong.pem"
    wrong.write_bytes(pair()[0])
    code, said = call(scene, shop, "no-pods.faults.test", "--cacert", str(wrong))
    assert code == 1
    assert "failed to verify certificate (CERTIFICATE_VERIFY_FAILED) of no-pods.faults.test" in said
    assert "`gatelab ca --out ca.pem`, then --cacert ca.pem" in said
    trusted = scene.folder / "ca.pem"
    scene.lab.gatelab("ca", "--secret", "shop", "-n", NAMESPACE, "--out", str(trusted))
    code, said = call(scene, shop, "no-pods.faults.test", "--cacert", str(trusted))
    assert code == 64 + 14, said


def test_two_gateways_on_one_static_address(scene: FaultyLab) -> None:
    address = f"127.{scene.lab.facts['octet']}.128.77"
    scene.apply(gateway("first", http("http", 8080), address=address))
    scene.status_says("gateway", "first", f"Envoy serves at {address}")
    scene.apply(gateway("second", http("http", 8080), address=address))
    words = f"spec.addresses asks for {address}, which could not be had: Gateway faults/first has it"
    scene.status_says("gateway", "second", "AddressNotUsable", words)
    scene.lab.kubectl("-n", NAMESPACE, "delete", "gateway", "first")
    scene.status_says("gateway", "second", f"Envoy serves at {address}")


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody has on all addresses."""
    with socket.socket() as listening:
        listening.bind(("0.0.0.0", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_of_a_gateway_that_another_program_has_on_every_address(scene: FaultyLab) -> None:
    with taken_port() as port:
        scene.apply(gateway("taken", http("free", 8080), http("taken", port)))
        words = (f"another program listens on port {port}", "0.0.0.0", f"`ss -ltnp 'sport = :{port}'` shows it")
        scene.status_says("gateway", "taken", *words, "not served: listener taken, see status.listeners")
    scene.status_says("gateway", "taken", f"Envoy serves it on port {port}")


def test_an_image_that_no_program_stands_for(scene: FaultyLab, module_folder: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "unmapped", "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "c", "image": "shop/till:1"}]},
    }
    scene.apply(pod)
    scene.status_says("pod", "unmapped", "ErrImagePull", "gatelab images add shop/till:1 --")
    scene.lab.gatelab("images", "add", "shop/till:1", "--", "sleep", "600")
    wait_until(lambda: scene.lab.get("-n", NAMESPACE, "pod", "unmapped")["status"]["phase"] == "Running", "it runs")


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/pods",
        "/api/v1//pods",
        "/api/v1/namespaces/../../etc/passwd",
        "/api/v1/namespaces/%2e%2e/pods",
        "/api/v1/namespaces/default%2fpods",
        "/api/v1/namespaces/default/pods/a%2flog",
        "/api/v1/namespaces/default/pods/a%00b",
        f"/{'a' * 60_000}",
    ],
    ids=lambda path: path[:40],
)
def test_paths_that_are_tricks(scene: FaultyLab, path: str) -> None:
    answer = scene.api("GET", path)
    assert (answer.code, answer.body["reason"]) == (404, "NotFound")


def test_who_may_not_ask(scene: FaultyLab) -> None:
    for authorization in ("", "Bearer wrong", "Basic eDp5", "Bearer"):
        answer = scene.api("GET", "/api/v1/pods", authorization=authorization)
        assert (answer.code, answer.body["message"]) == (401, "Unauthorized")
    answer = scene.api("GET", "/api/v1/pods", host="evil.test")
    assert (answer.code, "the host 'evil.test' is not a name of this server" in answer.body["message"]) == (403, True)
    answer = scene.api("GET", "/api/v1/pods", origin="https://evil.test")
    message = "requests from web pages of 'https://evil.test' are not accepted"
    assert (answer.code, message in answer.body["message"]) == (403, True)
