"""TLS that ends at the proxy: DownstreamTlsContext."""

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import TlsParameters
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext

from gatelab.proxy.model import TlsTermination
from gatelab.proxy.resources.encoded import packed
from gatelab.proxy.resources.sources import over_ads


def tls_transport(tls: TlsTermination) -> TransportSocket:
    """TLS 1.2 or later; certificates arrive by name and change without touching the listener or its connections."""
    context = DownstreamTlsContext(
        common_tls_context=CommonTlsContext(
            tls_params=TlsParameters(tls_minimum_protocol_version=TlsParameters.TLSv1_2),
            alpn_protocols=tls.alpn,
            tls_certificate_sds_secret_configs=[
                SdsSecretConfig(name=name, sds_config=over_ads()) for name in tls.certificates
            ],
        )
    )
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))
