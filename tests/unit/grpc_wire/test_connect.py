"""What `Channel.connect` says when it cannot connect, against real sockets."""

import asyncio
import datetime
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatelab.grpc_wire import Channel, ConnectError, StatusCode

HOST = "127.27.0.2"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for t.test, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "t.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("t.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "tls.crt", folder / "tls.key"


def client_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    idle = asyncio.Event()
    idle.set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        idle.clear()
        try:
            await handler(reader, writer)
            with suppress(OSError):
                await writer.wait_closed()
        finally:
            idle.set()

    async with await asyncio.start_server(handle, HOST, 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
    async with asyncio.timeout(30):
        await idle.wait()


async def connect(port: int, tls: ssl.SSLContext | None = None, timeout_s: float = 5) -> Channel:
    return await Channel.connect(HOST, port, tls=tls, authority="t.test", timeout_s=timeout_s)


async def answer_http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    writer.close()


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass
    writer.close()


def server_context(certificate: tuple[Path, Path], *alpn: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


async def test_refused() -> None:
    with pytest.raises(ConnectError, match=r"connect to 127\.27\.0\.2:1: connection refused"):
        await connect(1)


def test_a_lookup_that_takes_too_long_leaves_nothing_behind() -> None:
    loop = uvloop.new_event_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    async def give_up() -> None:
        with pytest.raises(ConnectError, match="context deadline exceeded"):
            await Channel.connect("absent.invalid", 1, tls=None, authority="t.test", timeout_s=0)
        # The lookups share a pool of threads, so the later one's answer comes after the other's.
        with suppress(OSError):
            await loop.getaddrinfo("absent.invalid", 1)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(give_up())
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("taken", [0, 1])
async def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    """A stand-in for a name with two addresses: nothing resolves to two everywhere."""

    async def two(host: str, port: int, **_: object) -> list[Any]:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("127.27.0.9", HOST)]
        return found if taken else found[::-1]

    async with tcp_server(close_at_once) as port:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        with pytest.raises(ConnectError, match="error reading server preface"):
            await Channel.connect("two.test", port, tls=None, authority="t.test", timeout_s=30)


async def test_an_http1_server() -> None:
    async with tcp_server(answer_http1) as port:
        with pytest.raises(ConnectError, match=r"http2: frame too large.*looked like an HTTP/1\.1 header"):
            await connect(port)


async def test_a_server_that_closes() -> None:
    async with tcp_server(close_at_once) as port:
        with pytest.raises(ConnectError, match=r"error reading server preface: .*expect TLS"):
            await connect(port)


async def test_a_silent_server() -> None:
    async with tcp_server(stay_silent) as port:
        with pytest.raises(ConnectError, match=r"context deadline exceeded \(no HTTP/2 within 0\.1 s\)"):
            await connect(port, timeout_s=0.1)


async def test_an_address_that_does_not_answer() -> None:
    """A listener whose queue is full drops what comes, as a firewall does."""
    with socket.create_server((HOST, 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(2):
            first = stack.enter_context(socket.socket())
            first.setblocking(False)
            with suppress(BlockingIOError):
                first.connect(full.getsockname())
        with pytest.raises(ConnectError, match=r"no TCP connection within 0\.2 s: nothing answers at that address"):
            await connect(full.getsockname()[1], timeout_s=0.2)


async def test_tls_that_is_not_answered(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent) as port:
        with pytest.raises(ConnectError, match=r"no TLS within 0\.1 s"):
            await connect(port, client_context(certificate), timeout_s=0.1)


async def test_a_server_of_another_protocol() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test ESMTP\r\n" * 4)
        await reader.read(1)
        writer.close()

    async with tcp_server(answer) as port:
        with pytest.raises(ConnectError, match="the server does not speak HTTP/2 on this port"):
            await connect(port)


async def test_a_connection_that_nobody_waits_for_any_more_is_closed() -> None:
    connected, left = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            connected.set()
        left.set()
        writer.close()

    async with tcp_server(listen) as port, asyncio.timeout(30), asyncio.TaskGroup() as group:
        connecting = group.create_task(connect(port, timeout_s=30))
        await connected.wait()
        connecting.cancel()
        await left.wait()


async def test_tls_without_alpn(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent, server_context(certificate)) as port:
        with pytest.raises(ConnectError, match="missing selected ALPN property"):
            await connect(port, client_context(certificate))


async def test_tls_with_http1_only(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent, server_context(certificate, "http/1.1")) as port:
        with pytest.raises(ConnectError, match="missing selected ALPN property"):
            await connect(port, client_context(certificate))


async def test_a_server_that_has_no_certificate_for_the_name(certificate: tuple[Path, Path]) -> None:
    """Envoy closes when no filter chain matches the SNI."""
    async with tcp_server(close_at_once) as port:
        with pytest.raises(ConnectError, match=r'ended the handshake .*: it has no certificate for "t\.test"'):
            await connect(port, client_context(certificate))


async def test_tls_to_a_plaintext_port(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(answer_http1) as port:
        with pytest.raises(ConnectError, match="first record does not look like a TLS handshake"):
            await connect(port, client_context(certificate))


async def test_plaintext_to_a_tls_port(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent, server_context(certificate, "h2")) as port:
        with pytest.raises(ConnectError, match="TLS"):
            await connect(port)


async def test_an_untrusted_certificate(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent, server_context(certificate, "h2")) as port:
        with pytest.raises(ConnectError, match=r"CERTIFICATE_VERIFY_FAILED.*self-signed certificate"):
            await connect(port, ssl.create_default_context())


async def test_a_certificate_for_another_name(certificate: tuple[Path, Path]) -> None:
    async with tcp_server(stay_silent, server_context(certificate, "h2")) as port:
        with pytest.raises(ConnectError, match="Hostname mismatch"):
            await Channel.connect(HOST, port, tls=client_context(certificate), authority="other.test:443", timeout_s=30)


async def test_tls_against_grpcio(certificate: tuple[Path, Path]) -> None:
    server = grpc.aio.server()
    pair = (certificate[1].read_bytes(), certificate[0].read_bytes())
    port = server.add_secure_port(f"{HOST}:0", grpc.ssl_server_credentials([pair]))
    await server.start()
    channel = await connect(port, client_context(certificate))
    reply = await channel.unary("/no.Such/Method", b"", timeout_s=30)
    assert reply.code == StatusCode.UNIMPLEMENTED
    await channel.close()
    await server.stop(None)


async def test_a_server_that_goes_away_mid_call() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")  # an empty SETTINGS frame
        data = b""
        while b"echo" not in data:
            data += await reader.read(1000)
        writer.close()

    async with tcp_server(hang_up) as port:
        channel = await connect(port)
        reply = await channel.unary("/t.T/Echo", b"echo", timeout_s=30)
        assert (reply.code, reply.unprocessed) == (StatusCode.UNAVAILABLE, False)
        assert "error reading from server: EOF" in reply.details
        assert channel.closed
        await channel.close()
