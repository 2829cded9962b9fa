"""Requests to an ASGI application without a socket, for tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.types import ASGIApp

TOKEN = "a-token"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    all_headers: Sequence[tuple[str, str]] = ()
    """With those that are there several times."""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


class Requests:
    """A client with the token, asking for `127.0.0.1`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        leave_after_s: float | None = None,
    ) -> Answer:
        """The whole answer. `body` is sent as it is when it is bytes, as JSON otherwise.

        The client leaves after `leave_after_s`, and has by then what has come of an answer that goes on.
        """
        messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        sent = {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1", "content-type": content_type}
        await self._run(method, path, data, {**sent, **(headers or {})}, messages, leave_after_s=leave_after_s)
        start = messages.get_nowait()
        chunks = []
        while not messages.empty():
            chunks.append(messages.get_nowait().get("body", b""))
        answered = _decoded(start["headers"])
        return Answer(start["status"], dict(answered), b"".join(chunks), answered)

    @asynccontextmanager
    async def lines(self, path: str, **headers: str) -> AsyncIterator["Lines"]:
        """The answer as it comes, line by line; the client leaves at the end of the block."""
        messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        sent = {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1", **headers}
        async with asyncio.timeout(40), asyncio.TaskGroup() as group:
            leave = asyncio.Event()
            group.create_task(self._run("GET", path, b"", sent, messages, leave))
            yield Lines(messages)
            leave.set()

    async def _run(
        self,
        method: str,
        path: str,
        data: bytes,
        headers: Mapping[str, str],
        messages: "asyncio.Queue[Mapping[str, Any]]",
        leave: asyncio.Event | None = None,
        leave_after_s: float | None = None,
    ) -> None:
        raw, _, query = path.partition("?")
        pending = [{"type": "http.request", "body": data, "more_body": False}]

        async def receive() -> Mapping[str, Any]:
            if pending:
                return pending.pop()
            if leave is not None:
                await leave.wait()
            elif leave_after_s is not None:
                await asyncio.sleep(leave_after_s)
            else:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        scope = {
            "type": "http",
            "method": method,
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "https",
            "http_version": "1.1",
            "server": ("127.0.0.1", 443),
            "headers": [(k.lower().encode(), v.encode()) for k, v in _with_length(headers, data).items()],
        }
        await self._app(scope, receive, messages.put)  # type: ignore[arg-type]


class Lines:
    """Lines of an answer that goes on."""

    def __init__(self, messages: "asyncio.Queue[Mapping[str, Any]]") -> None:
        self._messages = messages
        self._rest = b""

    async def head(self) -> Mapping[str, Any]:
        return await self._messages.get()

    async def next(self) -> Any:
        """The next line, as JSON; None at the end."""
        while b"\n" not in self._rest:
            message = await self._messages.get()
            if message["type"] == "http.response.start":
                continue
            if not message.get("more_body"):
                return None
            self._rest += message["body"]
        line, _, self._rest = self._rest.partition(b"\n")
        return msgspec.json.decode(line)


def _decoded(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _with_length(headers: Mapping[str, str], data: bytes) -> Mapping[str, str]:
    return {**headers, "content-length": str(len(data))}
