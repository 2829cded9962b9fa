"""Certificates, and the authorities that vouch for others': Secret."""

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, TlsCertificate
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from gatelab.proxy.model import Authorities, Certificate
from gatelab.proxy.resources.encoded import EncodedResource, encoded
from gatelab.proxy.system_authorities import bundle_path


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


def encode_authorities(authorities: Authorities) -> EncodedResource:
    """Authorities, inline; those of the machine by the path of their file, which Envoy reads."""
    if authorities.pem is None:
        trusted = DataSource(filename=bundle_path())
    else:
        trusted = DataSource(inline_bytes=authorities.pem)
    secret = Secret(name=authorities.name, validation_context=CertificateValidationContext(trusted_ca=trusted))
    return encoded(authorities.name, secret)
