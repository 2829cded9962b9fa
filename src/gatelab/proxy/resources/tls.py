"""TLS that ends at the proxy, and TLS that begins there: DownstreamTlsContext, UpstreamTlsContext.

Certificates and authorities arrive by name, so they change without touching listeners, clusters or their connections.
"""

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import (
    CertificateValidationContext,
    SubjectAltNameMatcher,
    TlsParameters,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import (
    CommonTlsContext,
    DownstreamTlsContext,
    UpstreamTlsContext,
)
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.model import ClientValidation, SubjectName, TlsTermination, UpstreamTls
from gatelab.proxy.resources.encoded import packed
from gatelab.proxy.resources.sources import over_ads

_KINDS = {"dns": SubjectAltNameMatcher.DNS, "uri": SubjectAltNameMatcher.URI}


def tls_transport(tls: TlsTermination) -> TransportSocket:
    """TLS 1.2 or later for clients."""
    context = DownstreamTlsContext(
        common_tls_context=CommonTlsContext(
            tls_params=TlsParameters(tls_minimum_protocol_version=TlsParameters.TLSv1_2),
            alpn_protocols=tls.alpn,
            tls_certificate_sds_secret_configs=[_named(name) for name in tls.certificates],
        )
    )
    if tls.clients is not None:
        context.require_client_certificate.CopyFrom(BoolValue(value=tls.clients.required))
        context.common_tls_context.combined_validation_context.CopyFrom(_of_clients(tls.clients))
    return _transport(context)


def upstream_transport(tls: UpstreamTls, alpn: str) -> TransportSocket:
    """TLS 1.2 or later to a backend that speaks the protocol `alpn`, "" for one without a name."""
    judged = CertificateValidationContext(match_typed_subject_alt_names=[_matcher(name) for name in tls.names])
    common = CommonTlsContext(
        tls_params=TlsParameters(tls_minimum_protocol_version=TlsParameters.TLSv1_2),
        alpn_protocols=[alpn] if alpn else [],
        combined_validation_context=_validation(judged, tls.authorities),
    )
    if tls.certificate:
        common.tls_certificate_sds_secret_configs.append(_named(tls.certificate))
    return _transport(UpstreamTlsContext(common_tls_context=common, sni=tls.server_name))


def _of_clients(clients: ClientValidation) -> CommonTlsContext.CombinedCertificateValidationContext:
    trust = CertificateValidationContext.VERIFY_TRUST_CHAIN
    if not clients.required:
        trust = CertificateValidationContext.ACCEPT_UNTRUSTED
    return _validation(CertificateValidationContext(trust_chain_verification=trust), clients.authorities)


def _validation(
    judged: CertificateValidationContext, authorities: str
) -> CommonTlsContext.CombinedCertificateValidationContext:
    return CommonTlsContext.CombinedCertificateValidationContext(
        default_validation_context=judged, validation_context_sds_secret_config=_named(authorities)
    )


def _matcher(name: SubjectName) -> SubjectAltNameMatcher:
    """Exact, where Envoy lets `*.suffix` in the certificate stand for one label; or any name under a suffix."""
    if name.kind == "dns" and name.value.startswith("*."):
        matcher = StringMatcher(suffix=name.value[1:], ignore_case=True)
    else:
        matcher = StringMatcher(exact=name.value)
    return SubjectAltNameMatcher(san_type=_KINDS[name.kind], matcher=matcher)


def _named(name: str) -> SdsSecretConfig:
    return SdsSecretConfig(name=name, sds_config=over_ads())


def _transport(context: DownstreamTlsContext | UpstreamTlsContext) -> TransportSocket:
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))
