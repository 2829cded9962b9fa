"""The records of Services and Pods: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dns import name as names
from dns import reversename
from dns.exception import DNSException
from dns.name import Name
from dns.rdata import Rdata

from gatelab.dns import rdata
from gatelab.dns.zone import CLUSTER, EXTERNAL, REVERSES, Records
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import Endpoint, EndpointSlice
from gatelab.kinds.ip_addresses import is_ipv4

_PODS = names.from_text("pod", CLUSTER)
_SERVICES = names.from_text("svc", CLUSTER)

_Made = defaultdict[Name, list[Rdata]]


def records_of(service: Service, slices: Sequence[EndpointSlice]) -> Records:
    """Everything that is answered for a Service. What is not an IPv4 address or a domain name is left out.

    External: A for load balancer addresses and externalIPs, CNAME for a load balancer's hostname, SRV per port. In the
    cluster: A, SRV and PTR for the ClusterIP; for a headless Service for every ready endpoint, with a name for each;
    CNAME for an ExternalName.
    """
    made: _Made = defaultdict(list)
    _external(service, made)
    if service.spec.type == "ExternalName":
        made[_at(service, _SERVICES)] += _alias(service.spec.external_name)
    elif service.is_headless:
        _headless(service, slices, made)
    else:
        _cluster_ip(service, made)
    return {name: tuple(dict.fromkeys(data)) for name, data in made.items() if data}


def _at(service: Service, zone: Name) -> Name:
    return names.from_text(f"{service.metadata.name}.{service.metadata.namespace}", zone)


def _external(service: Service, made: _Made) -> None:
    ingress = service.status.load_balancer.ingress
    addresses = _addresses([*(each.ip for each in ingress), *service.spec.external_ips])
    name = _at(service, EXTERNAL)
    if addresses:
        made[name] += addresses
        _service_ports(service, name, made)
        # k8s_external answers SRV at the Service's name too, with all its ports.
        made[name] += [rdata.srv(port.port, name) for port in service.spec.ports]
    else:
        aliases = [alias for each in ingress if each.hostname for alias in _alias(each.hostname)]
        made[name] += aliases[:1]


def _cluster_ip(service: Service, made: _Made) -> None:
    addresses = _addresses([service.spec.cluster_ip])
    if addresses:
        name = _at(service, _SERVICES)
        made[name] += addresses
        _service_ports(service, name, made)
        _reverse([service.spec.cluster_ip], name, made)


def _service_ports(service: Service, name: Name, made: _Made) -> None:
    for port in service.spec.ports:
        if port.name:
            made[_port_name(port.name, port.protocol, name)].append(rdata.srv(port.port, name))


def _headless(service: Service, slices: Sequence[EndpointSlice], made: _Made) -> None:
    name = _at(service, _SERVICES)
    for slice_ in slices:
        for endpoint in slice_.endpoints:
            addresses = _addresses(endpoint.addresses) if endpoint.is_ready else []
            if not addresses:
                continue
            host = names.from_text(_host_label(endpoint), name)
            made[name] += addresses
            made[host] += addresses
            _reverse(endpoint.addresses, host, made)
            for port in slice_.ports:
                if port.name and port.port is not None:
                    made[_port_name(port.name, port.protocol, name)].append(rdata.srv(port.port, host))


def pod_records(namespace: str, address: str) -> Records:
    """`127-5-1-2.namespace.pod.cluster.local`, for a pod that is there (CoreDNS: `pods verified`)."""
    name = names.from_text(f"{address.replace('.', '-')}.{namespace}", _PODS)
    return {name: (rdata.a(address),)} if is_ipv4(address) else {}


def _reverse(addresses: Iterable[str], name: Name, made: _Made) -> None:
    for address in addresses:
        if is_ipv4(address) and any(map((reverse := reversename.from_address(address)).is_subdomain, REVERSES)):
            made[reverse].append(rdata.ptr(name))


def _host_label(endpoint: Endpoint) -> str:
    return endpoint.hostname or endpoint.addresses[0].replace(".", "-")


def _port_name(port: str, protocol: str, service: Name) -> Name:
    return names.from_text(f"_{port}._{protocol.lower()}", service)


def _addresses(texts: Iterable[str]) -> list[Rdata]:
    return [rdata.a(text) for text in sorted(set(texts)) if is_ipv4(text)]


def _alias(host: str) -> list[Rdata]:
    try:
        return [rdata.cname(names.from_text(host))] if host else []
    except (DNSException, UnicodeError):
        return []
