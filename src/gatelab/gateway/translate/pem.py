"""Certificates as PEM, judged as Envoy will judge them."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm


def certificates(pem: bytes) -> list[x509.Certificate]:
    """Those in the text, at least one. Raises ValueError when one could not be read by Envoy.

    The library reads names only when it is asked for them; Envoy's (BoringSSL) reads them at once.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
        for each in found:
            _ = each.subject, each.issuer
    except (x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error
    return found
