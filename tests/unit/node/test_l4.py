"""Services and EndpointSlices as a configuration of the node's L4 proxy."""

from typing import Any

from gatelab.kinds.core import Service
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.views import view
from gatelab.node.l4 import service_config, service_endpoints
from gatelab.proxy.model import Backend, BackendPolicy, Endpoint, Listener, TcpChain, WeightedBackend

NODE = "127.26.0.1"


def service(name: str = "hello", *, annotations: dict[str, str] | None = None, ip: str = "", **spec: Any) -> Service:
    ports = [{"name": "grpc", "port": 8080, "targetPort": "grpc", "nodePort": 30080}]
    status = {"loadBalancer": {"ingress": [{"ip": ip}]}} if ip else {}
    return view(
        Service,
        {
            "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": {"clusterIP": "127.26.64.1", "clusterIPs": ["127.26.64.1"], "ports": ports, **spec},
            "status": status,
        },
    )


def endpoint_slice(*endpoints: tuple[str, dict[str, bool]], port: str = "grpc", of: str = "hello") -> EndpointSlice:
    return view(
        EndpointSlice,
        {
            "metadata": {"name": f"{of}-x", "namespace": "default", "labels": {"kubernetes.io/service-name": of}},
            "ports": [{"name": port, "port": 9000}],
            "endpoints": [{"addresses": [address], "conditions": each} for address, each in endpoints],
        },
    )


def bound(*services: Service) -> set[tuple[str, int]]:
    return {(each.address, each.port) for each in service_config(services, NODE).listeners}


def test_a_cluster_ip_is_a_listener_with_a_backend_chosen_at_random() -> None:
    config = service_config([service()], NODE)
    name = "default/hello:8080@127.26.64.1:8080"
    assert config.listeners == (
        Listener(name, "127.26.64.1", 8080, (TcpChain(name, (WeightedBackend("default/hello:8080"),)),), shared=False),
    )
    assert config.backends == (Backend("default/hello:8080", "tcp", policy=BackendPolicy(balance="random")),)


def test_node_ports_and_load_balancers_have_more_addresses() -> None:
    cluster_ip, node_port, balancer = ("127.26.64.1", 8080), (NODE, 30080), ("127.26.128.1", 8080)
    assert bound(service(type="NodePort")) == {cluster_ip, node_port}
    assert bound(service(type="LoadBalancer", ip="127.26.128.1")) == {cluster_ip, node_port, balancer}


def test_what_others_serve_or_has_no_address_is_left_alone() -> None:
    assert bound(service(annotations={"gatelab.dev/served-by": "pod"}, type="LoadBalancer", ip="127.26.128.1")) == set()
    assert bound(service(clusterIP="None", clusterIPs=["None"])) == set()
    assert bound(service(type="ExternalName", externalName="x.example")) == set()
    assert bound(service(clusterIP="", clusterIPs=[])) == set()
    assert bound(service(ports=[{"port": 53, "protocol": "UDP"}])) == set()


def test_the_order_of_services_does_not_matter() -> None:
    one, two = service("a"), service("b", clusterIP="127.26.64.2", clusterIPs=["127.26.64.2"])
    assert service_config([one, two], NODE) == service_config([two, one], NODE)


def test_endpoints_are_the_ready_ones_of_the_ports_name() -> None:
    slices = [
        endpoint_slice(("127.26.1.2", {"ready": True}), ("127.26.1.1", {}), ("127.26.1.3", {"ready": False})),
        endpoint_slice(("127.26.1.4", {"ready": True}), port="other"),
        endpoint_slice(("127.26.1.5", {"ready": True}), of="another"),
    ]
    found = service_endpoints([service()], slices)
    assert found == {"default/hello:8080": (Endpoint("127.26.1.1", 9000), Endpoint("127.26.1.2", 9000))}


def test_without_a_ready_one_those_that_still_serve_while_they_end_are_used() -> None:
    slices = [
        endpoint_slice(
            ("127.26.1.1", {"ready": False, "serving": True, "terminating": True}),
            ("127.26.1.2", {"ready": False, "serving": False}),
        )
    ]
    assert service_endpoints([service()], slices) == {"default/hello:8080": (Endpoint("127.26.1.1", 9000),)}
    assert service_endpoints([service()], []) == {"default/hello:8080": ()}
