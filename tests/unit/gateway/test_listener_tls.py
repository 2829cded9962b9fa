"""Certificates that Envoy would refuse are refused before, with the reason and never a word of the key."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from gatelab.gateway.snapshot.reference_grant import NO_GRANTS, Referrer
from gatelab.gateway.translate.listener_tls import _fault, _weakness, certificates
from gatelab.kinds.core import Secret
from gatelab.kinds.gatewayapi import Listener
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view
from golden_cases import certificate_pair
from proxy_configs import self_signed


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (pem(ec.generate_private_key(ec.SECP256R1())), "does not belong"),
        (pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x")), "not an unencrypted PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not an unencrypted PEM"),
    ],
)
def test_keys_that_do_not_fit(key: bytes, words: str) -> None:
    fault = _fault(certificate_pair()[0], key)
    assert fault is not None
    assert words in fault


def test_a_short_rsa_key_is_refused() -> None:
    assert "1024 bits" in str(_weakness(rsa.generate_private_key(65537, 1024)))
    assert "neither RSA nor ECDSA" in str(_weakness(ed25519.Ed25519PrivateKey.generate()))
    assert _weakness(rsa.generate_private_key(65537, 2048)) is None


def test_a_chain_is_kept_whole() -> None:
    first, second = self_signed("a.test"), self_signed("b.test")
    assert _fault(first.chain + second.chain, first.key) is None
    assert _fault(second.chain + first.chain, first.key) is not None


def test_what_is_not_base64_is_said_and_not_shown() -> None:
    listener = view(
        Listener, {"name": "l", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "s"}]}}
    )
    good = base64.b64encode(certificate_pair()[0]).decode()
    secret = view(Secret, {"metadata": {"name": "s"}, "data": {"tls.crt": good, "tls.key": "!secret!"}})
    found, refusals = certificates(listener, Referrer("Gateway", "ns"), {Key("ns", "s"): secret}, NO_GRANTS)
    assert found == ()
    assert [refusal.reason for refusal in refusals] == ["InvalidCertificateRef"]
    assert "tls.key" in refusals[0].message
    assert "secret!" not in refusals[0].message
