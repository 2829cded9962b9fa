"""Probes against real sockets, and the cause of a port that cannot be bound."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gatelab.kinds.pods import Container, Probe
from gatelab.kinds.views import view
from gatelab.node.pods.probes import Outcome
from gatelab.node.probing import probe
from gatelab.node.taken_ports import taken_port_message
from proxy_configs import self_signed

ADDRESS = "127.26.1.7"


def container(port: int) -> Container:
    return view(Container, {"name": "main", "ports": [{"name": "web", "containerPort": port}]})


async def run(port: int, **spec: Any) -> Outcome:
    return await probe(container(port), view(Probe, spec), ADDRESS)


@contextlib.asynccontextmanager
async def serving(answer: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that reads a request and answers; None never does."""
    requests: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            if answer is None:
                await over.wait()
            writer.write(answer or b"")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, ADDRESS, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], requests
        over.set()


def free() -> int:
    with socket.create_server((ADDRESS, 0)) as server:
        return int(server.getsockname()[1])


async def test_a_port_that_is_open_and_one_that_is_not() -> None:
    async with serving(b"") as (port, _):
        assert (await run(port, tcpSocket={"port": "web"})).ok
    refused = await run(free(), tcpSocket={"port": "web"})
    assert not refused.ok
    assert "refused" in refused.message.lower()


@pytest.mark.parametrize(("code", "ok"), [(200, True), (302, True), (399, True), (404, False), (503, False)])
async def test_http_codes_from_200_to_399_are_good(code: int, ok: bool) -> None:
    async with serving(f"HTTP/1.1 {code} x\r\n\r\n".encode()) as (port, _):
        outcome = await run(port, httpGet={"port": port})
    assert outcome == (Outcome(True) if ok else Outcome(False, f"HTTP probe failed with statuscode: {code}"))


async def test_http_sends_path_and_headers() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n") as (port, requests):
        headers = [{"name": "host", "value": "x.example"}, {"name": "X-A", "value": "b"}]
        await run(port, httpGet={"port": port, "path": "/ready?x=1", "httpHeaders": headers})
    lines = requests[0].decode().split("\r\n")
    assert lines[0] == "GET /ready?x=1 HTTP/1.1"
    assert "host: x.example" in lines
    assert "X-A: b" in lines
    assert sum(line.lower().startswith("host:") for line in lines) == 1


async def test_redirects_are_followed_on_the_same_host_and_no_further() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n") as (port, requests):
        answer = f"HTTP/1.1 302 Found\r\nLocation: http://{ADDRESS}:{port}/there?x=1\r\n\r\n".encode()
        async with serving(answer) as (first, _):
            assert await run(first, httpGet={"port": first, "path": "/here"}) == Outcome(True)
    assert requests[0].startswith(b"GET /there?x=1 HTTP/1.1")
    async with serving(b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n") as (port, _):
        outcome = await run(port, httpGet={"port": port})
    assert outcome.ok
    assert "https://elsewhere.example/" in outcome.message


async def test_redirects_without_an_end() -> None:
    async with serving(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n") as (port, requests):
        assert await run(port, httpGet={"port": port}) == Outcome(False, "stopped after 10 redirects")
    assert len(requests) == 10


async def test_https_is_asked_without_looking_at_the_certificate(tmp_path: Path) -> None:
    pair = self_signed("other.example")
    file = tmp_path / "server.pem"
    file.write_bytes(pair.chain + pair.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n", tls) as (port, _):
        assert await run(port, httpGet={"port": port, "scheme": "HTTPS"}) == Outcome(True)


async def test_what_is_not_http_and_what_is_not_a_port() -> None:
    async with serving(b"SSH-2.0\r\n") as (port, _):
        assert await run(port, httpGet={"port": port}) == Outcome(False, "the answer is not HTTP")
    assert "no port named 'x'" in (await run(80, httpGet={"port": "x"})).message
    assert "exec, grpc, tcpSocket or httpGet" in (await run(80)).message


async def test_no_answer_is_a_failure_after_the_timeout() -> None:
    async with serving(None) as (port, _):
        assert await run(port, httpGet={"port": port}, timeoutSeconds=1) == Outcome(False, "no answer within 1s")


async def test_a_grpc_probe_of_what_is_not_there() -> None:
    port = free()
    outcome = await run(port, grpc={"port": port})
    assert not outcome.ok
    assert f'failed to connect service "{ADDRESS}:{port}"' in outcome.message


def test_a_port_that_is_taken_on_all_addresses_is_named() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        message = taken_port_message(ADDRESS, [port])
        assert f"port {port} is taken on 0.0.0.0" in message
    assert taken_port_message(ADDRESS, [port]) == ""


def test_a_port_that_is_taken_on_the_pods_own_address_is_named() -> None:
    with socket.create_server((ADDRESS, 0)) as server:
        assert f"is taken on {ADDRESS}" in taken_port_message(ADDRESS, [server.getsockname()[1]])
