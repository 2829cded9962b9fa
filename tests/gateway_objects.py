"""Objects of the Gateway API for tests that run the controller, and an xDS port that does as it is told."""

import base64
from collections.abc import Callable
from typing import Any

from gatelab.gateway import DataPlaneSettings
from gatelab.gateway.translate.gateway_class import CILIUM, GATELAB
from gatelab.proxy.model import Acceptance, Endpoints, ProxyConfig
from golden_cases import certificate_pair

SETTINGS = DataPlaneSettings(
    xds_socket="/run/x/xds.sock", image="example.test/envoy:1", bind="service-address", run_dir="/run/x"
)


def gateway_class(name: str = "gatelab") -> dict[str, Any]:
    return _object(
        "gateway.networking.k8s.io/v1",
        "GatewayClass",
        {"name": name},
        {"controllerName": CILIUM if name == "cilium" else GATELAB},
    )


def gateway(name: str = "gw", **spec: Any) -> dict[str, Any]:
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP"}]
    return _object(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        {"name": name, "namespace": "default", "uid": f"uid-of-{name}"},
        {"gatewayClassName": "gatelab", "listeners": listeners, **spec},
    )


def listener_set(name: str = "set", *, gateway: str = "gw", **spec: Any) -> dict[str, Any]:
    listeners = [{"name": "more", "port": 81, "protocol": "HTTP"}]
    return _object(
        "gateway.networking.k8s.io/v1",
        "ListenerSet",
        {"name": name, "namespace": "default"},
        {"parentRef": {"name": gateway}, "listeners": listeners, **spec},
    )


def grpc_route(name: str = "route", *, gateway: str = "gw", **spec: Any) -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": "hello", "port": 8080}]}]
    return _object(
        "gateway.networking.k8s.io/v1",
        "GRPCRoute",
        {"name": name, "namespace": "default"},
        {"parentRefs": [{"name": gateway}], "rules": rules, **spec},
    )


def service(name: str = "hello") -> dict[str, Any]:
    ports = [{"name": "grpc", "port": 8080, "protocol": "TCP"}]
    return _object("v1", "Service", {"name": name, "namespace": "default"}, {"ports": ports})


def endpoint_slice(*addresses: str, port: int = 3000, service: str = "hello") -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": service}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-1", "namespace": "default", "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    }


def secret(name: str = "certificate") -> dict[str, Any]:
    chain, key = certificate_pair()
    data = {"tls.crt": base64.b64encode(chain).decode(), "tls.key": base64.b64encode(key).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}, "data": data}


def _object(api_version: str, kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z", **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


class FakeXds:
    """Takes everything and acknowledges what `accept` or `reject` say."""

    def __init__(self) -> None:
        self.configs: dict[str, ProxyConfig] = {}
        self.endpoints: dict[str, Endpoints] = {}
        self.publications = 0
        self.refuse_to_encode = ""
        self.refused_word = ""
        """If set, tables in which a route's name has the word are refused, and all others accepted."""
        self._acceptance: dict[str, Acceptance] = {}
        self._callbacks: list[Callable[[str], None]] = []

    def publish(self, proxy: str, config: ProxyConfig) -> None:
        if self.refuse_to_encode:
            raise ValueError(self.refuse_to_encode)
        if self.configs.get(proxy) == config:
            return
        self.publications += 1
        self.configs[proxy] = config
        if self.refused_word:
            self.tell(proxy, self._answer(config))

    def publish_endpoints(self, proxy: str, endpoints: Endpoints) -> None:
        self.endpoints[proxy] = endpoints

    def remove(self, proxy: str) -> None:
        del self.configs[proxy]

    def acceptance(self, proxy: str) -> Acceptance:
        return self._acceptance.get(proxy, Acceptance())

    def subscribe(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def _answer(self, config: ProxyConfig) -> Acceptance:
        refused = {
            table.name: f"no {self.refused_word}, please"
            for table in config.route_tables
            if any(self.refused_word in route.name for host in table.hosts for route in host.routes)
        }
        return Acceptance(connected=True, rejected={"route_table": refused} if refused else {})

    def tell(self, proxy: str, acceptance: Acceptance) -> None:
        """From now on this is how far the proxy has come."""
        self._acceptance[proxy] = acceptance
        for callback in self._callbacks:
            callback(proxy)
