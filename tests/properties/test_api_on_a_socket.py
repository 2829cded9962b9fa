"""The API on its socket with TLS: who gets in, which paths lead nowhere, and what does not disturb the others."""

import asyncio
import json
import logging
import os
import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, SECRET
from gatelab.store import Store
from running_api import TOKEN, running_api

MINE = f"authorization: Bearer {TOKEN}\r\n"
HOST = "host: 127.0.0.1\r\n"
MAPS = "/api/v1/namespaces/default/configmaps"


@dataclass(frozen=True, slots=True)
class Socket:
    """Where the API listens, and the store behind it."""

    port: int
    store: Store
    tls: ssl.SSLContext

    @asynccontextmanager
    async def connected(self, *, tls: bool = True) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        context = self.tls if tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def said(self, sent: str | bytes) -> bytes:
        """All that comes back until the server closes."""
        async with self.connected() as (reader, writer):
            writer.write(sent if isinstance(sent, bytes) else sent.encode())
            try:
                async with asyncio.timeout(30):
                    return await reader.read()
            except ConnectionError:
                return b""

    async def answered(
        self, target: str, *lines: str, method: str = "GET", mine: str = MINE, host: str = HOST
    ) -> "Said":
        head = "".join(f"{line}\r\n" for line in lines)
        return Said(await self.said(f"{method} {target} HTTP/1.1\r\n{host}{mine}connection: close\r\n{head}\r\n"))


class Said:
    """An answer, taken apart."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1").lower()
        self.code = int(head.split()[1]) if head else 0


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Socket]:
    async with running_api(tmp_path, Path("kubectl")) as kubectl:
        config = json.loads((tmp_path / "kubeconfig").read_text())
        port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
        yield Socket(port, kubectl.store, ssl.create_default_context(cafile=str(tmp_path / "crt")))


async def test_only_the_token_gets_in(api: Socket) -> None:
    await api.store.create(SECRET, {"metadata": {"name": "s", "namespace": "default"}, "stringData": {"a": "hidden"}})
    target = "/api/v1/namespaces/default/secrets"
    assert (await api.answered(target)).code == 200
    for line in (
        *("", "authorization: Bearer\r\n", "authorization: Bearer a-tokeN\r\n", "authorization: Bearer a-token2\r\n"),
        *("authorization: Basic YS10b2tlbjo=\r\n", "cookie: token=a-token\r\n", "x-auth-token: a-token\r\n"),
        *("x-remote-user: admin\r\n", "authorization: a-token\r\n", "authorization: Bearer \xff\r\n"),
        *("authorization: Bearer x\r\nauthorization: Bearer a-token\r\n", "proxy-authorization: Bearer a-token\r\n"),
    ):
        said = await api.answered(target, mine=line)
        assert (said.code, "www-authenticate: bearer" in said.head) == (401, True), line
        assert json.loads(said.body)["reason"] == "Unauthorized"
        assert b"hidden" not in said.body
    assert (await api.answered(f"{target}?token=a-token&access_token=a-token", mine="")).code == 401


async def test_only_its_own_names_are_answered(api: Socket) -> None:
    for host in (
        "evil.example",
        "127.0.0.1.nip.io",
        "",
        "localhost.evil",
        "0.0.0.0",
        "127.0.0.1\r\nhost: evil.example",
    ):
        assert (await api.answered("/version", host=f"host: {host}\r\n")).code in (400, 403), host
    for line in ("origin: https://evil.example", "origin: null", "sec-fetch-site: cross-site"):
        assert (await api.answered("/version", line)).code == 403
        assert (await api.answered("/healthz", line, mine="")).code == 403
    preflight = ("origin: https://evil.example", "access-control-request-method: POST")
    said = await api.answered(MAPS, *preflight, method="OPTIONS", mine="")
    assert (said.code, "access-control" in said.head) == (403, False)


TRICKS = (
    *(
        "//api/v1/namespaces",
        "/api//v1/namespaces",
        "/api/v1//namespaces",
        "/./api/v1/namespaces",
        "/api/./v1/namespaces",
    ),
    *("/x/../api/v1/namespaces", "/%2e/api/v1/namespaces", "/x/%2e%2e/api/v1/namespaces", "/api%2fv1%2fnamespaces"),
    *(
        "/api/v1/namespaces%2fdefault",
        "/api/v1/namespaces;x",
        "/api/v1/namespaces/default;",
        "/api\\v1\\namespaces",
    ),
    *(
        "/api/v1/namespaces/default/configmaps/..%2f..",
        "/api/v1/namespaces/default/configmaps/%00",
        "/api/v1/namespaces/%0d%0a",
    ),
    *("http://127.0.0.1/api/v1/namespaces", "http://evil.example/api/v1/namespaces", "https:/api/v1/namespaces", "*"),
    *("/healthz/../api/v1/namespaces", "/healthz/%2e%2e/api/v1/namespaces", "/healthz%2f..%2fapi/v1/namespaces"),
    *(
        "/%61pi/v1/../../etc/passwd",
        "/api/v1/namespaces/default/pods/p/log/../../../secrets",
        "/api/v1/%6eamespaces%00",
    ),
    f"/api/v1/namespaces/{'a' * 60_000}",
)


async def test_no_trick_with_the_path_leads_anywhere(api: Socket) -> None:
    for target in TRICKS:
        assert (await api.answered(target)).code in (400, 403, 404), target
        assert (await api.answered(target, mine="")).code in (400, 401, 403), target


SMUGGLED = (
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}content-length: 0\r\ncontent-length: 44\r\n\r\n",
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}content-length: +44\r\n\r\n",
    f"POST {MAPS} HTTP/1.1\r\n{HOST}{MINE}transfer-encoding: chunked\r\n\r\n0;\r\r\n\n\r\n",
)


async def test_no_request_hides_in_another(api: Socket) -> None:
    """Where lengths contradict each other, nothing that stands behind is answered as a request of its own."""
    hidden = f"DELETE {MAPS}/a HTTP/1.1\r\n{HOST}{MINE}\r\n"
    await api.store.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    for sent in SMUGGLED:
        said = await api.said(sent + hidden)
        assert said.split()[1] in (b"400", b"501"), sent
        assert b"HTTP/1.1 200" not in said, sent
    assert "a" in [each.key.name for each in api.store.list(CONFIG_MAP, namespace="default")[0]]


async def test_what_is_no_tls_disturbs_nobody(api: Socket, caplog: pytest.LogCaptureFixture) -> None:
    async with AsyncExitStack() as stack:
        for sent in (
            b"GET / HTTP/1.1\r\n\r\n",
            os.urandom(4000),
            b"\x16\x03\x01",
            b"",
            b"\x16\x03\x01\xff\xff" + b"\x00" * 99,
        ):
            for _ in range(10):
                _, writer = await stack.enter_async_context(api.connected(tls=False))
                writer.write(sent)
        assert (await api.answered("/version")).code == 200
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_a_thousand_idle_connections_disturb_nobody(api: Socket) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    try:
        async with AsyncExitStack() as stack:
            for _ in range(1000):
                await stack.enter_async_context(api.connected(tls=False))
            assert (await api.answered(MAPS)).code == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def mutated(data: bytes, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 2, 5])):
        first, last = sorted(random.randrange(len(data) + 1) for _ in range(2))
        last = min(last, first + random.choice([1, 4, 100]))
        junk = random.choice([b"", data[first:last] * 2, bytes(random.randrange(256) for _ in range(last - first))])
        data = data[:first] + junk + data[last:]
    return data


async def test_bytes_of_any_kind_are_answered_or_cut(api: Socket, caplog: pytest.LogCaptureFixture) -> None:
    """Whole requests with something cut out, put in twice, or overwritten."""
    body = '{"metadata":{"generateName":"a"},"data":{"b":"c"}}'
    whole = (
        f"POST {MAPS}?dryRun=All HTTP/1.1\r\n{HOST}{MINE}content-type: application/json\r\nconnection: close\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    ).encode()
    for seed in range(200):
        sent = mutated(whole, Random(seed))
        async with api.connected() as (reader, writer):
            writer.write(sent)
            try:
                async with asyncio.timeout(0.05):
                    line = await reader.readline()
            except (TimeoutError, ConnectionError):
                continue  # The server waits for the rest.
            assert not line or int(line.split()[1]) < 500 or b" 501 " in line, (sent, line)
    assert (await api.answered("/version")).code == 200
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
