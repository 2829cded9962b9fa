"""Typed views of core/v1: Namespace, Service, Secret, ConfigMap, Node, and Pod (from `kinds.pods`)."""

import base64
import binascii

import msgspec

from gatelab.kinds.pods import Container, ContainerPort, ContainerStatus, Pod, PodSpec, PodStatus, Probe
from gatelab.kinds.views import ObjectView, View

__all__ = [
    "ConfigMap",
    "Container",
    "ContainerPort",
    "ContainerStatus",
    "LoadBalancerIngress",
    "Namespace",
    "Node",
    "Pod",
    "PodSpec",
    "PodStatus",
    "Probe",
    "Secret",
    "Service",
    "ServicePort",
    "ServiceSpec",
    "ServiceStatus",
]


class Namespace(ObjectView, frozen=True):
    pass


class ServicePort(View, frozen=True):
    port: int
    name: str = ""
    protocol: str = "TCP"
    app_protocol: str | None = None
    target_port: int | str | None = None
    """A number, or a container port's name. Absent means `port`."""
    node_port: int = 0


class ServiceSpec(View, frozen=True):
    type: str = "ClusterIP"
    selector: dict[str, str] | None = None
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    """An address, "None" for a headless Service, "" while none is allocated."""
    cluster_ips: tuple[str, ...] = msgspec.field(name="clusterIPs", default=())
    load_balancer_ip: str = msgspec.field(name="loadBalancerIP", default="")
    load_balancer_class: str | None = None
    allocate_load_balancer_node_ports: bool = True
    external_ips: tuple[str, ...] = msgspec.field(name="externalIPs", default=())
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    publish_not_ready_addresses: bool = False
    session_affinity: str = "None"


class LoadBalancerIngress(View, frozen=True):
    ip: str = ""
    hostname: str = ""


class LoadBalancerStatus(View, frozen=True):
    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(View, frozen=True):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(ObjectView, frozen=True):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def is_headless(self) -> bool:
        return self.spec.cluster_ip == "None"

    @property
    def load_balancer_addresses(self) -> tuple[str, ...]:
        """The addresses given by status.loadBalancer.ingress."""
        return tuple(each.ip for each in self.status.load_balancer.ingress if each.ip)


class Secret(ObjectView, frozen=True):
    """A Secret. Its values are never shown by `repr`."""

    type: str = "Opaque"
    data: dict[str, str] = {}

    def value(self, key: str) -> bytes | None:
        """`data[key]` decoded; None when it is absent or empty. Raises ValueError when it is not base64."""
        try:
            return base64.b64decode(self.data.get(key, ""), validate=True) or None
        except binascii.Error as error:
            raise ValueError(f"data[{key}] is not base64") from error

    def __repr__(self) -> str:
        return f"Secret({self.metadata.key}, type={self.type!r}, keys={sorted(self.data)}, [redacted])"


class ConfigMap(ObjectView, frozen=True):
    data: dict[str, str] = {}


class NodeAddress(View, frozen=True):
    type: str
    address: str


class NodeStatus(View, frozen=True):
    addresses: tuple[NodeAddress, ...] = ()


class Node(ObjectView, frozen=True):
    status: NodeStatus = NodeStatus()
