"""Hosts and their routes: RouteConfiguration."""

from collections.abc import Iterator

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import VirtualHost as EnvoyVirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from gatelab.proxy.model import Route, RouteTable, VirtualHost
from gatelab.proxy.resources.encoded import CLUSTER, EncodedResource, Reference, encoded
from gatelab.proxy.resources.route_action import forward_action, refusal
from gatelab.proxy.resources.route_match import route_match


def encode_route_table(table: RouteTable) -> EncodedResource:
    """The hosts of a table in their order. Raises ValueError naming the route that cannot be expressed."""
    message = RouteConfiguration(
        name=table.name,
        virtual_hosts=[_virtual_host(host) for host in table.hosts],
        ignore_port_in_host_matching=True,
    )
    return encoded(table.name, message, needs=_backends(table))


def _virtual_host(host: VirtualHost) -> EnvoyVirtualHost:
    return EnvoyVirtualHost(name=host.name, domains=host.domains, routes=[_route(route) for route in host.routes])


def _route(route: Route) -> EnvoyRoute:
    message = EnvoyRoute(name=route.name, match=route_match(route.match))
    refused = refusal(route.action)
    if refused is not None:
        message.direct_response.CopyFrom(refused)
        return message
    try:
        message.route.CopyFrom(forward_action(route.action))
    except ValueError as error:
        raise ValueError(f"route {route.name!r}: {error}") from None
    return message


def _backends(table: RouteTable) -> Iterator[Reference]:
    for host in table.hosts:
        for route in host.routes:
            for share in route.action.backends:
                if share.backend is not None and share.weight > 0:
                    yield CLUSTER, share.backend
