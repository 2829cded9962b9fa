"""Endpoints of a backend: ClusterLoadAssignment."""

from collections.abc import Sequence

from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint as EnvoyEndpoint
from envoy.config.endpoint.v3.endpoint_components_pb2 import LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from gatelab.proxy.model import Endpoint
from gatelab.proxy.resources.address import tcp_address
from gatelab.proxy.resources.encoded import EncodedResource, encoded


def encode_endpoints(backend_name: str, endpoints: Sequence[Endpoint]) -> EncodedResource:
    """All endpoints of a backend, in the given order, each with the same weight. None is a valid number of them."""
    assignment = ClusterLoadAssignment(cluster_name=backend_name)
    if endpoints:
        assignment.endpoints.append(LocalityLbEndpoints(lb_endpoints=[_endpoint(endpoint) for endpoint in endpoints]))
    return encoded(backend_name, assignment)


def _endpoint(endpoint: Endpoint) -> LbEndpoint:
    return LbEndpoint(endpoint=EnvoyEndpoint(address=tcp_address(endpoint.address, endpoint.port)))
