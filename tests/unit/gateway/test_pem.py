"""Certificates that Envoy would refuse are refused before, and stop nothing."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gatelab.gateway.translate import pem
from gatelab.gateway.translate.listener_tls import _fault
from proxy_configs import self_signed

GOOD = self_signed("web.test")
DER = x509.load_pem_x509_certificate(GOOD.chain).public_bytes(Encoding.DER)
MALFORMED = {
    "a version that there is not": (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x11"),
    "a name that is no text": (b"\x0c\x08web.test", b"\x0c\x08\xff\xfe.test"),
}


def as_pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_a_good_one_is_read() -> None:
    assert [each.serial_number for each in pem.certificates(GOOD.chain)] == [GOOD.serial]


@pytest.mark.parametrize(("old", "new"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_one_is_refused(old: bytes, new: bytes) -> None:
    assert old in DER
    malformed = as_pem(DER.replace(old, new))
    with pytest.raises(ValueError, match=r"."):
        pem.certificates(GOOD.chain + malformed)
    assert _fault(malformed, GOOD.key) == "tls.crt is not a PEM certificate"
