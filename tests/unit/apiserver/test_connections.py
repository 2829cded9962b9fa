"""Clients that dawdle, leave, send too much or talk something else, on a socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from asgi_requests import TOKEN
from fake_logs import FakeLogs
from gatelab.apiserver import connections, create_app, serve
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.store import Store

HEAD = f"authorization: Bearer {TOKEN}\r\nhost: 127.0.0.1\r\n"
MAPS = "/api/v1/namespaces/default/configmaps"
POST = f"POST {MAPS} HTTP/1.1\r\n{HEAD}content-type: application/json\r\n"
GET = f"GET /api/v1/namespaces HTTP/1.1\r\n{HEAD}\r\n"
MEBIBYTE = b" " * (1024 * 1024)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store.open(None)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    yield store
    await store.close()


@pytest.fixture
async def port(store: Store) -> AsyncIterator[int]:
    app = create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        started = asyncio.get_running_loop().create_future()
        server = group.create_task(serve(app, started=started.set_result))
        yield await started
        server.cancel()


@asynccontextmanager
async def connected(port: int, sent: str = "", **options: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
    writer.write(sent.encode())
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, object]]:
    """Status code and JSON of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def is_served(port: int) -> bool:
    async with connected(port, GET) as (reader, _):
        return (await answer(reader))[0] == 200


@pytest.mark.parametrize(
    "begun", ["", "GET /api HT", f"GET /api HTTP/1.1\r\n{HEAD}", f"{POST}content-length: 9\r\n\r\n{{", GET + "GET /a"]
)
async def test_a_request_that_does_not_become_whole_is_ended(
    port: int, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WHOLE_S", 0.2)
    async with connected(port, begun) as (reader, _):
        if begun.startswith(GET):
            assert (await answer(reader))[0] == 200
        code, status = await answer(reader)
        assert (code, status["reason"], await reader.read()) == (408, "Timeout", b"")
    assert await is_served(port)


async def test_drops_do_not_keep_a_request_alive(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WHOLE_S", 0.2)
    async with connected(port, f"{POST}content-length: 1000000\r\n\r\n") as (reader, writer):
        async with asyncio.TaskGroup() as group:
            answered = group.create_task(reader.readuntil(b"\r\n"))
            while not answered.done():
                writer.write(b" ")
                await asyncio.wait((answered,), timeout=0.01)
        assert b"408" in answered.result()


async def test_a_whole_request_has_no_deadline(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WHOLE_S", 0.1)
    watch = f"GET /api/v1/namespaces?watch=1&timeoutSeconds=1 HTTP/1.1\r\n{HEAD}\r\n"
    async with connected(port, watch) as (reader, _):
        assert b"200" in await reader.readline()
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")


async def test_a_hundred_megabytes_are_refused_when_three_have_come(port: int) -> None:
    for framing in ("content-length: 104857600\r\n\r\n", "transfer-encoding: chunked\r\n\r\n6400000\r\n"):
        async with connected(port, POST + framing) as (reader, writer):
            for _ in range(4):
                writer.write(MEBIBYTE)
            code, status = await answer(reader)
            assert (code, status["reason"]) == (413, "RequestEntityTooLarge")
    assert await is_served(port)


async def test_an_answer_that_nobody_reads_is_given_up(
    store: Store, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, original = asyncio.Event(), connections.ClientConnection.connection_lost

    def connection_lost(connection: connections.ClientConnection, exc: Exception | None) -> None:
        original(connection, exc)
        ended.set()

    monkeypatch.setattr(connections.ClientConnection, "connection_lost", connection_lost)
    monkeypatch.setattr(connections, "STALLED_S", 0.1)
    for name in "abcdefghij":
        await store.create(CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}, "data": {"a": "x" * 10**6}})
    async with connected(port, f"GET {MAPS} HTTP/1.1\r\n{HEAD}\r\n", limit=1024) as (reader, _):
        await ended.wait()  # and nothing is read meanwhile
        assert len(await reader.read()) < 10**7


@pytest.mark.parametrize(
    "garbage",
    [
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET\r\n\r\n",
        f"{POST}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        f"{POST}content-length: -1\r\n\r\n",
        f"{POST}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        f"{POST}transfer-encoding: chunked\r\n\r\nzz\r\n",
        f"GET /api HTTP/1.1\r\n{HEAD} folded: no\r\nx : y\r\n\r\n",
        "GET /api HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_bad_request(port: int, garbage: str, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(port, garbage) as (reader, _):
        code, status = await answer(reader)
        assert (code in (400, 501), status["kind"], await reader.read()) == (True, "Status", b"")
    assert await is_served(port)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "head", [f"GET /{'a' * 1_000_000} HTTP/1.1\r\n", f"GET /api HTTP/1.1\r\nx: {'a' * 1_000_000}\r\n"]
)
async def test_an_overlong_head_is_refused(port: int, head: str) -> None:
    async with connected(port, f"{head}{HEAD}\r\n") as (reader, _):
        with suppress(ConnectionResetError):  # What was not read any more may take the answer along.
            assert (await answer(reader))[0] == 400
    assert await is_served(port)


async def test_a_long_head_may_come_in_pieces(port: int) -> None:
    head = f"GET {MAPS}?labelSelector=a!={'a' * 60_000} HTTP/1.1\r\n{HEAD}\r\n"
    async with connected(port) as (reader, writer):
        for start in range(0, len(head), 10_000):
            writer.write(head[start : start + 10_000].encode())
            assert await is_served(port)  # by then the piece has been read
        assert (await answer(reader))[0] == 200


async def test_a_body_that_breaks_off_in_an_answered_request_is_no_error(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    refused = "POST /api/v1/nothing HTTP/1.1\r\n" + HEAD + "transfer-encoding: chunked\r\n\r\n"
    async with connected(port, refused) as (reader, writer):
        assert (await answer(reader))[0] == 404
        writer.write(b"zz\r\n")
        assert await reader.read() == b""
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    paths = ("/api", "/apis", "/version", "/api/v1/namespaces/default") * 10
    async with connected(port, "".join(f"GET {path} HTTP/1.1\r\n{HEAD}\r\n" for path in paths)) as (reader, _):
        found = [(await answer(reader))[1] for _ in paths]
    assert [each.get("kind", "version") for each in found] == [
        "APIVersions",
        "APIGroupList",
        "version",
        "Namespace",
    ] * 10


async def test_clients_that_leave_in_the_middle_disturb_nobody(port: int, caplog: pytest.LogCaptureFixture) -> None:
    whole = f'{POST}content-length: 28\r\n\r\n{{"metadata":{{"name":"half"}}}}'
    for cut in range(1, len(whole), 7):
        async with connected(port, whole[:cut]):
            pass
    async with connected(port, f"GET {MAPS}/half HTTP/1.1\r\n{HEAD}\r\n") as (reader, _):
        assert (await answer(reader))[0] == 404
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
