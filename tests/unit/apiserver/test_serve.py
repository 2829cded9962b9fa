"""The server on a socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi_requests import TOKEN
from fake_logs import FakeLogs
from gatelab.apiserver import create_app, serve
from gatelab.store import Store

HEAD = f"authorization: Bearer {TOKEN}\r\nhost: 127.0.0.1\r\n\r\n"


@pytest.fixture
async def app() -> AsyncIterator[ASGIApp]:
    store = Store.open(None)
    yield create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs())
    await store.close()


async def started(app: ASGIApp, group: asyncio.TaskGroup) -> tuple[int, asyncio.Task[None]]:
    port = asyncio.get_running_loop().create_future()
    task = group.create_task(serve(app, started=port.set_result))
    return await port, task


async def test_it_says_its_port_and_ends_streams_in_order(app: ASGIApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        port, server = await started(app, group)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /api/v1/namespaces?watch=1 HTTP/1.1\r\n{HEAD}".encode())
        assert b"200" in await reader.readline()
        server.cancel()
        async with asyncio.timeout(1.5):
            assert (await reader.read()).endswith(b"\r\n\r\n0\r\n\r\n")  # the head, and the last chunk: whole for HTTP
        writer.close()
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("begun", [False, True])
async def test_what_does_not_finish_is_given_up_without_a_traceback(
    begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    reached = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a part", "more_body": True})
        reached.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        port, server = await started(endless, group)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /somewhere HTTP/1.1\r\n{HEAD}".encode())
        await reached.wait()
        server.cancel()
        answer = await reader.read()
        writer.close()
    assert (b"a part" in answer) if begun else (b"503" in answer and b"the API server is ending" in answer)
    assert "GET /somewhere was not finished when the server ended" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_port_that_is_taken_is_an_error(app: ASGIApp) -> None:
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        port, server = await started(app, group)
        with pytest.raises(OSError, match="in use"):
            await serve(app, port=port)
        server.cancel()


async def test_a_client_that_leaves_ends_its_watch(app: ASGIApp) -> None:
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        port, server = await started(app, group)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        before = asyncio.all_tasks()
        writer.write(f"GET /api/v1/namespaces?watch=1 HTTP/1.1\r\n{HEAD}".encode())
        await reader.readuntil(b"\r\n\r\n")
        watching = asyncio.all_tasks() - before
        assert watching
        writer.close()
        _, left = await asyncio.wait(watching, timeout=5)
        assert not left
        server.cancel()


async def test_answers_on_a_kept_connection_are_not_delayed(app: ASGIApp) -> None:
    """With Nagle's algorithm each takes 40 ms."""
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        port, server = await started(app, group)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        start = asyncio.get_running_loop().time()
        for _ in range(20):
            writer.write(f"GET /readyz HTTP/1.1\r\n{HEAD}".encode())
            await reader.readuntil(b"\r\n\r\nok")
        assert asyncio.get_running_loop().time() - start < 0.4
        writer.close()
        server.cancel()
