"""What the echo image reads of its environment, and small rules of its own."""

import os
import subprocess
import sys

import pytest

from gatelab.backends.echo.durations import parsed_duration_ns
from gatelab.backends.echo.settings import Settings, SettingsError
from gatelab.backends.echo.tls import go_cipher_suite


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("300ms", 300_000_000),
        ("1.5h", 5_400_000_000_000),
        ("2m3s", 123_000_000_000),
        ("0", 0),
        (".5us", 500),
        ("-1s", -(10**9)),
    ],
)
def test_durations_of_go(text: str, expected_ns: int) -> None:
    assert parsed_duration_ns(text) == expected_ns


@pytest.mark.parametrize("text", ["", "1", "9" * 400 + "s", "2562048h", "s", "1 s", "1d", ".s", "1s2", "+", "--1s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="time: invalid duration"):
        parsed_duration_ns(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
        ("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    ],
)
def test_cipher_suites_have_their_names_of_go(name: str, expected: str) -> None:
    assert go_cipher_suite(name) == expected


def test_ports_and_files_have_the_originals_names() -> None:
    settings = Settings.of({"TLS_SERVER_CERT": "crt", "TLS_SERVER_PRIV_KEY": "key", "POD_IP": "127.0.0.9"})
    assert (settings.mode, settings.host, settings.has_tls) == ("http", "127.0.0.9", True)
    assert (settings.plain_port, settings.h2c_port, settings.tls_port) == (3000, 3001, 8443)
    tcp = Settings.of({"TCP_ECHO_SERVER": "1", "TCP_PORT": "1", "TLS_PORT": "2", "HTTP_PORT": "3", "HTTPS_PORT": "4"})
    assert (tcp.mode, tcp.plain_port, tcp.tls_port, tcp.has_tls) == ("tcp", 1, 2, False)
    assert Settings.of({"UDP_ECHO_SERVER": "1"}).plain_port == 8080
    assert Settings.of({"GRPC_ECHO_SERVER": "1", "TCP_ECHO_SERVER": "1"}).mode == "grpc"


@pytest.mark.parametrize("value", ["http", "-1", "65536", "１"])
def test_a_port_is_a_number(value: str) -> None:
    with pytest.raises(SettingsError, match="H2C_PORT must be a port number"):
        Settings.of({"H2C_PORT": value})


@pytest.mark.parametrize(
    ("environ", "words", "code"),
    [
        ({"HTTP_PORT": "x"}, "HTTP_PORT must be a port number, not 'x'", 2),
        ({"GATELAB_POD_IP": "192.0.2.1"}, "cannot serve: 192.0.2.1:0: Cannot assign requested address", 1),
        ({"TLS_SERVER_CERT": "/none/crt", "TLS_SERVER_PRIVKEY": "/none/key"}, "/none/crt: No such file", 1),
        (
            {"TLS_SERVER_CERT": os.devnull, "TLS_SERVER_PRIVKEY": os.devnull},
            f"cannot serve: TLS with {os.devnull}: ",
            1,
        ),
        ({"GRPC_ECHO_SERVER": "1", "TLS_SERVER_CERT": "/none/crt", "TLS_SERVER_PRIVKEY": "/none/key"}, "/none/crt", 1),
    ],
)
def test_what_it_cannot_do_it_says(environ: dict[str, str], words: str, code: int) -> None:
    base = {"GATELAB_POD_IP": "127.27.0.3", "HTTP_PORT": "0", "H2C_PORT": "0", "HTTPS_PORT": "0"}
    run = subprocess.run(
        [sys.executable, "-m", "gatelab.backends.echo"],
        env={**os.environ, **base, **environ},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (run.returncode, words in run.stderr) == (code, True), run.stderr
    assert "Traceback" not in run.stderr
