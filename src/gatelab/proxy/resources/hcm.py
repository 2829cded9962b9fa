"""HTTP on an accepted connection: HttpConnectionManager."""

from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
    Rds,
)
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.model import HttpChain
from gatelab.proxy.resources.access_log import access_logs
from gatelab.proxy.resources.encoded import packed
from gatelab.proxy.resources.http_filters import asleep
from gatelab.proxy.resources.sources import duration, over_ads

GOAWAY_GRACE_S = 1.0
"""Between a client's warning that its connection is being drained and the end of new streams on it."""


def http_connection_manager(chain: HttpChain) -> HttpConnectionManager:
    """HTTP/1.1 or HTTP/2, by ALPN or by the first bytes; streams may idle as long as they like.

    Nothing is done per request that nobody asked for: no request id, access log or tracing, and of Envoy's own
    headers only X-Envoy-External-Address, which it has no switch for.
    """
    return HttpConnectionManager(
        stat_prefix=chain.route_table,
        codec_type=HttpConnectionManager.AUTO,
        rds=Rds(config_source=over_ads(), route_config_name=chain.route_table),
        http_filters=[*asleep(), HttpFilter(name="envoy.filters.http.router", typed_config=packed(_router()))],
        http_protocol_options=Http1ProtocolOptions(),
        use_remote_address=BoolValue(value=True),
        normalize_path=BoolValue(value=True),
        generate_request_id=BoolValue(value=False),
        server_header_transformation=HttpConnectionManager.PASS_THROUGH,
        stream_idle_timeout=duration(0),
        upgrade_configs=[HttpConnectionManager.UpgradeConfig(upgrade_type="websocket")],
        drain_timeout=duration(GOAWAY_GRACE_S),
        access_log=access_logs(chain.access_log),
    )


def _router() -> Router:
    return Router(dynamic_stats=BoolValue(value=False), suppress_envoy_headers=True)
