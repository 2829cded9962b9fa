"""What is behind the experiment's Service: its address, and its ready pods with theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatelab.cluster.port import Cluster
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.kinds.apps import Deployment
from gatelab.kinds.builtin import DEPLOYMENT, ENDPOINT_SLICE, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import SERVICE_NAME, EndpointSlice
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key
from gatelab.kinds.selectors import from_labels
from gatelab.kinds.views import view


@dataclass(frozen=True, slots=True, order=True)
class ReadyPod:
    """A ready endpoint of the Service, and the port on which it serves the experiment's port."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Backends:
    """`service` is the Service's own address (ClusterIP and port): the L4 path."""

    service: tuple[str, int]
    pods: tuple[ReadyPod, ...]
    wanted: int
    """How many pods there should be: as expected in the file, else the replicas of the Deployments selected.

    Pods that no Deployment is behind are as many as they are, and at least one.
    """


async def find_backends(experiment: Experiment, cluster: Cluster) -> Backends:
    """What is there now. Raises CouldNotRun when the Service cannot be used, ApiError when the API cannot."""
    namespace, name, port = experiment.service_reference
    try:
        service = view(Service, await cluster.get(SERVICE, Key(namespace, name)))
    except NotFound:
        raise CouldNotRun(f"service: there is no Service {name} in namespace {namespace}") from None
    found = next((each for each in service.spec.ports if each.port == port), None)
    if found is None:
        known = ", ".join(str(each.port) for each in service.spec.ports) or "none"
        raise CouldNotRun(f"service: Service {namespace}/{name} has no port {port} (it has: {known})")
    if not service.spec.cluster_ip or service.is_headless:
        raise CouldNotRun(f"service: Service {namespace}/{name} has no ClusterIP, so there is no L4 path to measure")
    slices = await cluster.list(ENDPOINT_SLICE, namespace=namespace, labels=f"{SERVICE_NAME}={name}")
    pods = _ready([view(EndpointSlice, each) for each in slices], found.name)
    wanted = experiment.expect.pods or await _replicas(cluster, namespace, service) or max(1, len(pods))
    return Backends((service.spec.cluster_ip, port), pods, wanted)


def _ready(slices: Sequence[EndpointSlice], port_name: str) -> tuple[ReadyPod, ...]:
    found = {
        ReadyPod(endpoint.target_ref.name if endpoint.target_ref else address, address, port.port)
        for each in slices
        for port in each.ports
        if port.name == port_name and port.port is not None
        for endpoint in each.endpoints
        if endpoint.is_ready
        for address in endpoint.addresses[:1]
    }
    return tuple(sorted(found))


async def _replicas(cluster: Cluster, namespace: str, service: Service) -> int:
    """The replicas of all Deployments whose pods the Service selects."""
    return sum(each.spec.replicas for each in await _deployments(cluster, namespace, service))


async def deployments_behind(experiment: Experiment, cluster: Cluster) -> Sequence[Deployment]:
    """Those whose pods the Service selects. Raises CouldNotRun without the Service, ApiError."""
    namespace, name, _ = experiment.service_reference
    try:
        service = view(Service, await cluster.get(SERVICE, Key(namespace, name)))
    except NotFound:
        raise CouldNotRun(f"service: there is no Service {name} in namespace {namespace}") from None
    return await _deployments(cluster, namespace, service)


async def _deployments(cluster: Cluster, namespace: str, service: Service) -> Sequence[Deployment]:
    if not service.spec.selector:
        return ()
    selector = from_labels(service.spec.selector)
    deployments = [view(Deployment, each) for each in await cluster.list(DEPLOYMENT, namespace=namespace)]
    return [
        each for each in deployments if selector.matches((each.spec.template.get("metadata") or {}).get("labels") or {})
    ]
