"""Certificates: Secret."""

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import TlsCertificate
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from gatelab.proxy.model import Certificate
from gatelab.proxy.resources.encoded import EncodedResource, encoded


def encode_certificate(certificate: Certificate) -> EncodedResource:
    """A certificate chain and its key, inline."""
    secret = Secret(
        name=certificate.name,
        tls_certificate=TlsCertificate(
            certificate_chain=DataSource(inline_bytes=certificate.chain),
            private_key=DataSource(inline_bytes=certificate.key),
        ),
    )
    return encoded(certificate.name, secret)
