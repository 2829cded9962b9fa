"""Layer 4: TcpProxy."""

from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from gatelab.proxy.model import TcpChain
from gatelab.proxy.resources.cluster import UNSERVABLE
from gatelab.proxy.resources.sources import duration


def tcp_proxy(chain: TcpChain) -> TcpProxy:
    """Bytes both ways, without an idle limit and without a second attempt: as a packet filter would do it."""
    message = TcpProxy(stat_prefix=chain.name, idle_timeout=duration(0))
    shares = [each for each in chain.backends if each.weight]
    if len(shares) > 1:
        weights = [
            TcpProxy.WeightedCluster.ClusterWeight(name=each.backend or UNSERVABLE, weight=each.weight)
            for each in shares
        ]
        message.weighted_clusters.CopyFrom(TcpProxy.WeightedCluster(clusters=weights))
    else:
        message.cluster = (shares[0].backend if shares else None) or UNSERVABLE
    return message
