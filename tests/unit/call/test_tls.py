import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gatelab.call.errors import CallError
from gatelab.call.tls import client_context


def test_verifies_unless_told_not_to() -> None:
    assert client_context().verify_mode is ssl.CERT_REQUIRED
    careless = client_context(insecure=True)
    assert (careless.verify_mode, careless.check_hostname) == (ssl.CERT_NONE, False)


def test_bad_files_are_named(tmp_path: Path) -> None:
    junk = tmp_path / "junk.crt"
    junk.write_text("not a certificate")
    with pytest.raises(CallError, match=r"absent.crt: no such file"):
        client_context(ca_file=str(tmp_path / "absent.crt"))
    with pytest.raises(CallError, match=r"could not use CA certificates .*junk.crt"):
        client_context(ca_file=str(junk))
    with pytest.raises(CallError, match="both --cert and --key"):
        client_context(cert_file=str(junk))


def ca(serial_number: int) -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial_number)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2036, 1, 1, tzinfo=UTC)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_ca_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text(ca(2))
    context = client_context(ca_file=str(file), trusted=[ca(3)])
    assert [each["serialNumber"] for each in context.get_ca_certs()] == ["02"]
    assert "03" in {each["serialNumber"] for each in client_context(trusted=[ca(3)]).get_ca_certs()}
