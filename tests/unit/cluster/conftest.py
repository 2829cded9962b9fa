"""A small API server over a store: enough of the protocol for the remote port, with a hand on its connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import yaml

from gatelab.kinds.builtin import BUILTIN, NAMESPACE
from gatelab.kinds.errors import ApiError, Unauthorized, UnsupportedMedia
from gatelab.kinds.kind import Kind
from gatelab.kinds.merge_patch import merge_patched
from gatelab.kinds.objects import Key
from gatelab.kinds.selectors import from_query
from gatelab.store import Store

JSON = "application/json"
CONTENT_TYPES = {"POST": JSON, "PUT": JSON, "DELETE": JSON, "PATCH": "application/merge-patch+json"}


class MiniApi:
    """`stop` drops every connection at once, as a killed server does; `start` takes the same port again."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.port = 0
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.raw_answers: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split("\r\n")[0].split(" ")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in head.split("\r\n")[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.requests.append((method, url.path, query, msgspec.json.decode(body) if body else None))
        if self.raw_answers:
            writer.write(self.raw_answers.pop(0))
            return
        try:
            if headers.get("authorization") != "Bearer sesame":
                raise Unauthorized("Unauthorized")
            if headers.get("content-type") != CONTENT_TYPES.get(method):
                raise UnsupportedMedia(f"{method} of {headers.get('content-type')}")
            if query.get("watch"):
                await self._watch(url.path, query, writer)
                return
            code, answer = 200, await self._perform(method, url.path, query, body)
        except ApiError as error:
            code, answer = error.code, error.to_status()
        content = msgspec.json.encode(answer)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (code, len(content), content))

    async def _perform(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        kind, namespace, name, subresource = parsed(path)
        sent = msgspec.json.decode(body) if body else {}
        key = Key(namespace, name)
        if method == "POST":
            return (await self.store.create(kind, sent)).object
        if method == "PUT":
            return (await self.store.update(kind, sent, subresource=subresource)).object
        if method == "PATCH":
            changed = await self.store.modify(kind, key, lambda obj: merge_patched(obj, sent), subresource=subresource)
            return changed.object
        if method == "DELETE":
            uid = sent.get("preconditions", {}).get("uid")
            await self.store.delete(kind, key, uid=uid, grace_period_s=sent.get("gracePeriodSeconds"))
            return {"kind": "Status", "status": "Success"}
        return self.store.get(kind, key).object if name else self._list(kind, namespace, query)

    def _list(self, kind: Kind, namespace: str, query: dict[str, str]) -> Any:
        selector = from_query(query.get("labelSelector", ""))
        items, version = self.store.list(kind, namespace=namespace, selector=selector)
        first = int(query.get("continue", 0))
        metadata = {"resourceVersion": str(version)}
        if len(items) > first + 2:
            metadata["continue"] = str(first + 2)
        bare = [{"metadata": each.object["metadata"]} for each in items[first : first + 2]]
        return {"kind": "List", "metadata": metadata, "items": bare}

    async def _watch(self, path: str, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        kind, namespace, _, _ = parsed(path)
        watch = self.store.watch(kind, since=int(query["resourceVersion"]), namespace=namespace)
        writer.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while changes := await watch.batch():
                for type_, stored in changes:
                    send(writer, {"type": type_, "object": stored.object})
                await writer.drain()
        except ApiError as error:
            send(writer, {"type": "ERROR", "object": error.to_status()})
        writer.write(b"0\r\n\r\n")


def send(writer: asyncio.StreamWriter, event: Any) -> None:
    line = msgspec.json.encode(event) + b"\n"
    middle = len(line) // 2
    for part in (line[:middle], line[middle:]):
        writer.write(b"%x\r\n%s\r\n" % (len(part), part))


def parsed(path: str) -> tuple[Kind, str, str, Any]:
    parts = path.strip("/").split("/")
    group, parts = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
    parts = parts[2:] if namespace else parts
    kind = next(each for each in BUILTIN if each.group == group and each.plural == parts[0])
    name, subresource = (*parts[1:], None, None)[:2]
    return kind, namespace, name or "", subresource


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store.open(None)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    yield store
    await store.close()


@pytest.fixture
async def api(store: Store) -> AsyncIterator[MiniApi]:
    api = MiniApi(store)
    await api.start()
    yield api
    await api.stop()


def write_kubeconfig(path: Path, port: int) -> Path:
    config = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
        "clusters": [{"name": "lab", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": "sesame"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def kubeconfig(api: MiniApi, tmp_path: Path) -> Path:
    return write_kubeconfig(tmp_path / "kubeconfig", api.port)


@pytest.fixture
def make() -> Callable[..., dict[str, Any]]:
    def made(name: str, labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "shop", "labels": labels or {}}, **fields}

    return made
