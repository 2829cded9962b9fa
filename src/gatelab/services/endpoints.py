"""What a Service's EndpointSlices say. Pure: a Service and its pods in, slices' content out, in a fixed order."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gatelab.kinds.builtin import SERVICE
from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.discovery import MANAGED_BY, SERVICE_NAME
from gatelab.kinds.objects import Object
from gatelab.kinds.pods import Pod

MANAGER = "endpointslice-controller.k8s.io"
HEADLESS_LABEL = "service.kubernetes.io/headless"

_MOST_ENDPOINTS = 100
"""In a slice (Kubernetes: `--max-endpoints-per-slice`)."""


class Port(NamedTuple):
    """A port of a slice: name, number, protocol, appProtocol."""

    name: str
    port: int
    protocol: str
    app_protocol: str | None

    def to_json(self) -> dict[str, Any]:
        port: dict[str, Any] = {"name": self.name, "port": self.port, "protocol": self.protocol}
        return port if self.app_protocol is None else {**port, "appProtocol": self.app_protocol}


class Content(NamedTuple):
    """The ports and the endpoints of one slice, as JSON."""

    ports: list[dict[str, Any]]
    endpoints: list[dict[str, Any]]


def contents(service: Service, pods: Sequence[Pod]) -> list[Content]:
    """One slice for each set of ports that pods have (named target ports may differ), a hundred endpoints each.

    Pods without an address, and those that have finished, are left out. Without any, one slice is empty.
    """
    by_ports: dict[tuple[Port, ...], list[Pod]] = {}
    for pod in sorted(pods, key=lambda each: each.metadata.key):
        if pod.status.pod_ip and not pod.is_finished:
            by_ports.setdefault(_ports(service, pod), []).append(pod)
    return [
        Content(
            [port.to_json() for port in ports], [endpoint(service, pod) for pod in members[start:][:_MOST_ENDPOINTS]]
        )
        for ports, members in sorted(by_ports.items(), key=lambda each: [port[:3] for port in each[0]])
        for start in range(0, len(members), _MOST_ENDPOINTS)
    ] or [Content([], [])]


def _ports(service: Service, pod: Pod) -> tuple[Port, ...]:
    found = ((port, _number(port, pod)) for port in service.spec.ports)
    return tuple(
        Port(port.name, number, port.protocol, port.app_protocol) for port, number in found if number is not None
    )


def _number(port: ServicePort, pod: Pod) -> int | None:
    """The port of the pod that the target port means; None when the pod names no such port."""
    target = port.target_port
    if target is None or target == "":
        return port.port
    if isinstance(target, int):
        return target or port.port
    named = (
        each.container_port
        for container in pod.spec.containers
        for each in container.ports
        if each.name == target and each.protocol == port.protocol
    )
    return next(named, None)


def endpoint(service: Service, pod: Pod) -> dict[str, Any]:
    """The pod as an endpoint.

    A pod that is being deleted is not `ready` but stays `serving` while it answers, so that what is under way can end
    (discovery/v1 EndpointConditions). `publishNotReadyAddresses` makes everything ready.
    """
    is_ready = (pod.is_ready and not pod.is_terminating) or service.spec.publish_not_ready_addresses
    made: dict[str, Any] = {
        "addresses": [pod.status.pod_ip],
        "conditions": {"ready": is_ready, "serving": pod.is_ready, "terminating": pod.is_terminating},
        "targetRef": {
            "kind": "Pod",
            "namespace": pod.metadata.namespace,
            "name": pod.metadata.name,
            "uid": pod.metadata.uid,
        },
    }
    if pod.spec.node_name:
        made["nodeName"] = pod.spec.node_name
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        made["hostname"] = pod.spec.hostname
    return made


def labels(service: Service) -> dict[str, str]:
    """The Service's own labels, and those by which slices are found."""
    found = {**service.metadata.labels, SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    return {**found, HEADLESS_LABEL: ""} if service.is_headless else found


def slice_of(service: Service, content: Content, present: Object | None) -> dict[str, Any]:
    """The slice with that content: a new one, or `present` changed; equal to it when nothing is to be written."""
    owner = {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.name,
        "name": service.metadata.name,
        "uid": service.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata: Mapping[str, Any] = (
        present["metadata"]
        if present
        else {
            "generateName": f"{service.metadata.name}-",
            "namespace": service.metadata.namespace,
            "ownerReferences": [owner],
        }
    )
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": labels(service)},
        "addressType": "IPv4",
        "endpoints": content.endpoints,
        "ports": content.ports,
    }
