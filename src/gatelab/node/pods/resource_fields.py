"""`resourceFieldRef`: a container's own limits and requests, by which programs size themselves (GOMAXPROCS)."""

import os
from decimal import ROUND_CEILING, Decimal

import psutil

from gatelab.kinds.pods import Container, Pod
from gatelab.kinds.quantity import parse_quantity
from gatelab.kinds.volumes import ResourceFieldRef

_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def resource_value(pod: Pod, container: Container, reference: ResourceFieldRef) -> str:
    """The quantity divided by the divisor, rounded up (`k8s.io/kubernetes/pkg/api/v1/resource`).

    Where there is no limit it is what the node has, as with the kubelet; where there is no request, the limit or 0.
    Raises ValueError naming what cannot be read.
    """
    name = reference.container_name or container.name
    source = next((each for each in (*pod.spec.containers, *pod.spec.init_containers) if each.name == name), None)
    if source is None:
        raise ValueError(f'there is no container "{name}"')
    which, _, resource = reference.resource.partition(".")
    if which not in ("limits", "requests") or resource not in _RESOURCES:
        raise ValueError(f"{reference.resource!r} is none of limits or requests of {', '.join(_RESOURCES)}")
    limit = source.resources.limits.get(resource)
    written = limit if which == "limits" else source.resources.requests.get(resource, limit or 0)
    amount = _of_node(resource) if written is None else parse_quantity(written)
    divisor = parse_quantity(reference.divisor) or Decimal(1)
    return str((amount / divisor).to_integral_value(ROUND_CEILING))


def _of_node(resource: str) -> Decimal:
    if resource == "cpu":
        return Decimal(os.cpu_count() or 1)
    return Decimal(psutil.virtual_memory().total if resource == "memory" else psutil.disk_usage("/").total)
