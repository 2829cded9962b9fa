"""Bound addresses and their filter chains: Listener."""

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import TrafficDirection
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain, FilterChainMatch, ListenerFilter
from envoy.config.listener.v3.listener_pb2 import Listener as EnvoyListener
from envoy.config.listener.v3.udp_listener_config_pb2 import UdpListenerConfig
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.model import HttpChain, Listener, TcpChain, UdpChain
from gatelab.proxy.resources.address import tcp_address, udp_address
from gatelab.proxy.resources.encoded import CLUSTER, ROUTE_TABLE, SECRET, EncodedResource, Reference, encoded, packed
from gatelab.proxy.resources.hcm import http_connection_manager
from gatelab.proxy.resources.tcp_proxy import tcp_proxy
from gatelab.proxy.resources.tls import tls_transport
from gatelab.proxy.resources.udp_proxy import udp_proxy


def encode_listener(listener: Listener) -> EncodedResource:
    """A listener on its own address and nobody else's, unless `shared`: SO_REUSEPORT, for one user's processes."""
    if isinstance(chain := listener.chains[0] if listener.chains else None, UdpChain):
        return _encode_udp(listener, chain)
    message = EnvoyListener(
        name=listener.name,
        address=tcp_address(listener.address, listener.port),
        enable_reuse_port=BoolValue(value=listener.shared),
        traffic_direction=TrafficDirection.INBOUND,
        filter_chains=[_chain(chain) for chain in listener.chains if not isinstance(chain, UdpChain)],
    )
    if any(not isinstance(chain, UdpChain) and chain.server_names for chain in listener.chains):
        message.listener_filters.append(
            ListenerFilter(name="envoy.filters.listener.tls_inspector", typed_config=packed(TlsInspector()))
        )
    if listener.exact_balance:
        message.connection_balance_config.exact_balance.SetInParent()
    return encoded(listener.name, message, needs=_needs(listener))


def _encode_udp(listener: Listener, chain: UdpChain) -> EncodedResource:
    """A UDP port. Every worker has a socket of its own, which is all that Envoy does with UDP and several workers; so a
    second process can bind the address, too.
    """
    proxy = ListenerFilter(name="envoy.filters.udp_listener.udp_proxy", typed_config=packed(udp_proxy(chain)))
    message = EnvoyListener(
        name=listener.name,
        address=udp_address(listener.address, listener.port),
        udp_listener_config=UdpListenerConfig(),
        listener_filters=[proxy],
    )
    return encoded(listener.name, message, needs=_clusters(chain))


def _chain(chain: HttpChain | TcpChain) -> FilterChain:
    if isinstance(chain, TcpChain):
        network = Filter(name="envoy.filters.network.tcp_proxy", typed_config=packed(tcp_proxy(chain)))
    else:
        network = Filter(
            name="envoy.filters.network.http_connection_manager", typed_config=packed(http_connection_manager(chain))
        )
    message = FilterChain(name=chain.name, filters=[network])
    if chain.server_names:
        message.filter_chain_match.CopyFrom(FilterChainMatch(server_names=chain.server_names))
    if chain.tls is not None:
        message.transport_socket.CopyFrom(tls_transport(chain.tls))
    return message


def _needs(listener: Listener) -> Iterator[Reference]:
    for chain in listener.chains:
        if isinstance(chain, UdpChain):
            continue
        if isinstance(chain, TcpChain):
            yield from _clusters(chain)
        else:
            yield ROUTE_TABLE, chain.route_table
        if chain.tls is not None:
            for name in chain.tls.certificates:
                yield SECRET, name
            if chain.tls.clients is not None:
                yield SECRET, chain.tls.clients.authorities


def _clusters(chain: TcpChain | UdpChain) -> Iterator[Reference]:
    return ((CLUSTER, each.backend) for each in chain.backends if each.backend is not None and each.weight)
