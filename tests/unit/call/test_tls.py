import ssl
from pathlib import Path

import pytest

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
