"""Service addresses and EndpointSlices.

In: Services and Pods of a cluster, and the lab's address range. Out: ClusterIPs, NodePorts and LoadBalancer addresses
in the Services (which is where they are remembered), and EndpointSlices that say where each Service's pods are. It
must not move a byte of traffic: the node's service proxy and the gateways do that from these objects.
"""

from gatelab.cluster.port import Cluster
from gatelab.kinds.addresses import AddressRange
from gatelab.reconcile import Controller
from gatelab.services.allocation import AllocationController
from gatelab.services.api_service import publish_api
from gatelab.services.endpoint_slices import EndpointSliceController

__all__ = ["controllers", "publish_api"]


def controllers(cluster: Cluster, range_: AddressRange) -> list[Controller]:
    """The controllers of this package, to be given to a `reconcile.Runtime`."""
    return [AllocationController(cluster, range_), EndpointSliceController(cluster)]
