"""What the node's L4 proxy shall do, from Services and EndpointSlices: kube-proxy's job. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.discovery import Endpoint, EndpointSlice
from gatelab.kinds.lab import SERVED_BY
from gatelab.proxy import model
from gatelab.proxy.model import BackendPolicy


def service_config(services: Iterable[Service], node_address: str) -> model.ProxyConfig:
    """Listeners on every address of every Service, each with one backend that picks an endpoint per connection.

    At random, as kube-proxy does: round robin would spread five connections perfectly and hide what L4 is.
    """
    listeners: list[model.Listener] = []
    backends: list[model.Backend] = []
    for service in sorted(filter(_is_ours, services), key=lambda each: each.metadata.key):
        for port in _tcp_ports(service):
            name = backend_name(service, port)
            backends.append(model.Backend(name, "tcp", policy=BackendPolicy(balance="random")))
            listeners += (_listener(name, *bound) for bound in _addresses(service, port, node_address))
    return model.ProxyConfig(listeners=tuple(listeners), backends=tuple(backends))


def service_endpoints(services: Iterable[Service], slices: Iterable[EndpointSlice]) -> model.Endpoints:
    """The endpoints of each backend of `service_config`."""
    by_service: dict[tuple[str, str], list[EndpointSlice]] = {}
    for each in slices:
        by_service.setdefault((each.metadata.namespace, each.service_name), []).append(each)
    found: dict[str, tuple[model.Endpoint, ...]] = {}
    for service in filter(_is_ours, services):
        own = by_service.get((service.metadata.namespace, service.metadata.name), [])
        for port in _tcp_ports(service):
            found[backend_name(service, port)] = _endpoints(own, port)
    return found


def backend_name(service: Service, port: ServicePort) -> str:
    return f"{service.metadata.key}:{port.port}"


def service_of(name: str) -> str:
    """`namespace/name` of the Service that a backend or a listener is named after."""
    return name.partition(":")[0]


def _is_ours(service: Service) -> bool:
    return service.metadata.annotations.get(SERVED_BY) != "pod" and service.spec.type != "ExternalName"


def _tcp_ports(service: Service) -> Iterator[ServicePort]:
    return (port for port in service.spec.ports if port.protocol == "TCP")


def _addresses(service: Service, port: ServicePort, node_address: str) -> Iterator[tuple[str, int]]:
    addresses = service.spec.cluster_ips or ((service.spec.cluster_ip,) if service.spec.cluster_ip else ())
    for address in addresses:
        if address != "None":
            yield address, port.port
    if service.spec.type in ("NodePort", "LoadBalancer") and port.node_port:
        yield node_address, port.node_port
    if service.spec.type == "LoadBalancer":
        for address in service.load_balancer_addresses:
            yield address, port.port


def _listener(backend: str, address: str, port: int) -> model.Listener:
    name = f"{backend}@{address}:{port}"
    chain = model.TcpChain(name, (model.WeightedBackend(backend),))
    return model.Listener(name, address, port, (chain,), shared=False)


def _endpoints(slices: Sequence[EndpointSlice], port: ServicePort) -> tuple[model.Endpoint, ...]:
    """The ready ones; when there is none, those that still serve while they terminate (KEP-1669)."""
    for wanted in (_is_ready, _is_serving_last):
        found = {
            model.Endpoint(address, number.port)
            for each in slices
            for number in each.ports
            if number.name == port.name and number.port is not None and number.protocol == "TCP"
            for endpoint in each.endpoints
            if wanted(endpoint)
            for address in endpoint.addresses
        }
        if found:
            return tuple(sorted(found, key=lambda each: (each.address, each.port)))
    return ()


def _is_ready(endpoint: Endpoint) -> bool:
    return endpoint.is_ready


def _is_serving_last(endpoint: Endpoint) -> bool:
    return endpoint.is_serving and endpoint.is_terminating
