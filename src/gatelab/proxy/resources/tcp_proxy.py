"""Layer 4: TcpProxy."""

from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from gatelab.proxy.model import TcpChain
from gatelab.proxy.resources.sources import duration


def tcp_proxy(chain: TcpChain) -> TcpProxy:
    """Bytes both ways, without an idle limit and without a second attempt: as a packet filter would do it."""
    return TcpProxy(stat_prefix=chain.name, cluster=chain.backend, idle_timeout=duration(0))
