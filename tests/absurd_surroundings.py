"""What absurd objects of the Gateway API refer to: Services, Secrets and ConfigMaps, good and bad, which change too."""

import base64
from typing import Any

from absurd_values import Whim, values
from gatelab.kinds.builtin import BUILTIN
from golden_cases import certificate_pair

NAMESPACE = "wild"
_KINDS = {(kind.api_version, kind.name): kind for kind in BUILTIN}
_WEB = {"name": "web", "port": 80}


def placed(obj: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The object with its path in the API."""
    group, _, version = obj["apiVersion"].rpartition("/")
    prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
    kind, metadata = _KINDS[obj["apiVersion"], obj["kind"]], obj["metadata"]
    return f"{prefix}/namespaces/{metadata['namespace']}/{kind.plural}/{metadata['name']}", obj


def surroundings() -> list[tuple[str, dict[str, Any]]]:
    """All of them in their first form."""
    certificate, key = certificate_pair()
    _, other_key = certificate_pair.__wrapped__()
    more = {"name": "more", "port": 81, "appProtocol": "kubernetes.io/h2c"}
    datagrams = {"name": "udp", "port": 80, "protocol": "UDP"}
    found = [
        _secret("good", certificate, key),
        _secret("mixed", certificate, other_key),
        _secret("garbage", b"x", b"y"),
        _object("Secret", "empty"),
        _service("one", _WEB, more, datagrams),
        _service("two", _WEB),
        _service("headless", _WEB, clusterIP="None"),
        _service("tls", _WEB | {"appProtocol": "https"}),
        _object("ConfigMap", "authorities", data={"ca.crt": certificate.decode()}),
        _object("ConfigMap", "no-authorities", data={"ca.crt": "x"}),
        _object("ConfigMap", "p", data={}),
    ]
    return [placed(each) for each in found]


_keys = values("workers", "accessLog", "loadBalancing.policy", "circuitBreakers.maxRequests", odd=["nope", ""])
_settings = values("1", "2", "off", "json", "ring_hash", odd=["0", "-1", "", "é"])
_protocols = values("https", "kubernetes.io/ws", "kubernetes.io/wss", "grpc", odd=["é", "", "a b"])


def changed_surrounding(whim: Whim) -> dict[str, Any]:
    """One of them in another form."""
    certificate, key = certificate_pair()
    return whim.choice(
        [
            _secret("good", certificate, key),
            _secret("good", certificate, key),
            _secret("good", b"", key),
            _secret("mixed", certificate, key),
            _object("ConfigMap", "authorities", data={"ca.crt": whim.choice([certificate.decode(), "", "x"])}),
            _object("ConfigMap", "p", data={_keys(whim): _settings(whim)}),
            _service("two", _WEB | {"port": whim.choice([80, 81])}),
            _service("tls", _WEB | {"appProtocol": _protocols(whim)}),
        ]
    )


def _object(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, **parts}


def _secret(name: str, certificate: bytes, key: bytes) -> dict[str, Any]:
    data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    return _object("Secret", name, type="kubernetes.io/tls", data=data)


def _service(name: str, *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return _object("Service", name, spec={"selector": {"app": name}, "ports": list(ports), **spec})
