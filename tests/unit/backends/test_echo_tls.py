"""The echo image behind TLS, called by Python's own ssl."""

import json
import ssl
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gatelab.grpc_wire import Channel, StatusCode
from gatelab.grpc_wire.protowire import fields

HOST = "127.27.0.3"
ECHO = "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/Echo"


def environment(folder: Path) -> dict[str, str]:
    return {"TLS_SERVER_CERT": str(folder / "tls.crt"), "TLS_SERVER_PRIVKEY": str(folder / "tls.key")}


@pytest.fixture
def trusting(certificate_dir: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate_dir / "tls.crt"))


def test_https_tells_what_was_agreed_on(start_echo: Any, certificate_dir: Path, trusting: ssl.SSLContext) -> None:
    echo = start_echo("http", "h2c", "https", **environment(certificate_dir))
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    trusting.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    found = https(echo, trusting)
    assert found["tls"] == {
        "version": "TLSv1.2",
        "serverName": "hello.test",
        "cipherSuite": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    }
    assert (found["proto"], found["httpPort"]) == ("HTTP/1.1", "0")
    plain = httpx2.get(f"http://{HOST}:{echo.ports['http']}/")
    assert "tls" not in plain.json()


def test_alpn_decides_the_version_of_http(start_echo: Any, certificate_dir: Path, trusting: ssl.SSLContext) -> None:
    echo = start_echo("http", "h2c", "https", **environment(certificate_dir))
    trusting.set_alpn_protocols(["http/1.1"])
    assert https(echo, trusting)["tls"]["negotiatedProtocol"] == "http/1.1"
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with trusting.wrap_socket(echo.connect("https"), server_hostname="hello.test") as secure:
        assert secure.selected_alpn_protocol() == "h2"
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
        assert secure.recv(100)[3] == 4  # SETTINGS


def test_client_certificates_are_verified_if_given(
    start_echo: Any, certificate_dir: Path, other_certificate_dir: Path, trusting: ssl.SSLContext
) -> None:
    authority = {"TLS_CLIENT_CACERTS": str(certificate_dir / "tls.crt")}
    echo = start_echo("http", "h2c", "https", **environment(certificate_dir), **authority)
    assert "peerCertificates" not in https(echo, trusting)["tls"]
    trusting.load_cert_chain(certificate_dir / "tls.crt", certificate_dir / "tls.key")
    (sent,) = https(echo, trusting)["tls"]["peerCertificates"]
    assert sent == (certificate_dir / "tls.crt").read_text()
    trusting.load_cert_chain(other_certificate_dir / "tls.crt", other_certificate_dir / "tls.key")
    with pytest.raises(ssl.SSLError):
        https(echo, trusting)


async def test_grpc_tells_what_was_agreed_on(start_echo: Any, certificate_dir: Path, trusting: ssl.SSLContext) -> None:
    folder = certificate_dir
    files = {"TLS_SERVER_CERT": str(folder / "tls.crt"), "TLS_SERVER_PRIV_KEY": str(folder / "tls.key")}
    echo = start_echo("grpc", "grpc with TLS", GRPC_ECHO_SERVER="1", **files)
    port = echo.ports["grpc with TLS"]
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    trusting.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
    channel = await Channel.connect(HOST, port, tls=trusting, authority="hello.test", timeout_s=5)
    reply = await channel.unary(ECHO, b"", timeout_s=5)
    await channel.close()
    assert reply.code == StatusCode.OK
    assertions = dict(fields(reply.message or b""))[1]
    assert isinstance(assertions, bytes)
    assert fields(dict(fields(assertions))[5]) == [  # type: ignore[arg-type]
        (1, b"TLSv1.2"),
        (2, b"h2"),
        (3, b"hello.test"),
        (4, b"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ]


def test_tcp_over_tls(start_echo: Any, certificate_dir: Path, trusting: ssl.SSLContext) -> None:
    echo = start_echo("tcp", "tls", TCP_ECHO_SERVER="1", **environment(certificate_dir))
    with trusting.wrap_socket(echo.connect("tls"), server_hostname="hello.test") as secure:
        lines = secure.makefile("rwb")
        assert lines.readline() == b"Gateway API Test TCP Server\n"
        lines.write(b"IS_TLS\nTEST\n")
        lines.flush()
        assert lines.readline() == b"true\n"
        found = json.loads(lines.readline())
    assert found["isTLS"]
    assert (found["tls"]["version"], found["tls"]["serverName"]) == ("TLS 1.3", "hello.test")


def test_a_client_that_only_connects_costs_nothing(start_echo: Any, certificate_dir: Path) -> None:
    echo = start_echo("tcp", "tls", TCP_ECHO_SERVER="1", **environment(certificate_dir))
    with echo.connect("tls"), echo.connect("tcp") as plain:
        lines = plain.makefile("rwb")
        lines.readline()
        before = turns(echo.process.pid)
        for _ in range(300):
            lines.write(b"PING\n")
            lines.flush()
            assert lines.readline() == b"PONG\n"
        assert turns(echo.process.pid) - before < 50


def turns(pid: int) -> int:
    """Bytes are read, and so counted, in every turn of a loop that spins on a handshake."""
    counted = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counted["syscr"])


def https(echo: Any, context: ssl.SSLContext) -> Any:
    """What `GET /` says."""
    with context.wrap_socket(echo.connect("https"), server_hostname="hello.test") as secure:
        secure.sendall(b"GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := secure.recv(1 << 16):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200 ")
    return json.loads(answer.partition(b"\r\n\r\n")[2])
