"""HTTP/1.1 servers that answer with the request as they saw it, and one request as a client sends it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gatelab.proxy.model import Endpoint

DEADLINE_S = 30.0


@dataclass
class EchoServers:
    """`seen` are the requests of each server by its address, as it answered them."""

    endpoints: tuple[Endpoint, ...]
    seen: dict[str, list[dict[str, Any]]]
    arrived: asyncio.Condition

    def times(self, path: str) -> int:
        """How often the path was asked for."""
        return sum(each["path"] == path for every in self.seen.values() for each in every)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, list[str]]
    body: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name, ()))


@asynccontextmanager
async def echo_servers(addresses: Iterable[str], tls: ssl.SSLContext | None = None) -> AsyncIterator[EchoServers]:
    """One server per address, each on a free port. A path that ends with /slow is never answered.

    Paths that fail at first, at whichever server: /fails/<status>/<times>, /hangs/<times>, /resets/<times>.
    """
    async with AsyncExitStack() as stack:
        servers = EchoServers((), {}, asyncio.Condition())
        for address in addresses:
            name = address

            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str = name) -> None:
                await _serve(servers, name, reader, writer)

            server = await asyncio.start_server(answer, address, 0, ssl=tls)
            stack.push_async_callback(_close, server)
            servers.endpoints += (Endpoint(address, server.sockets[0].getsockname()[1]),)
            servers.seen[name] = []
        yield servers


async def _close(server: asyncio.Server) -> None:
    server.close()


async def _serve(servers: EchoServers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            method, path, _ = line.decode().split()
            seen = {"server": name, "method": method, "path": path, "headers": await _headers(reader)}
            async with servers.arrived:
                servers.seen[name].append(seen)
                servers.arrived.notify_all()
            kind, *numbers = path.strip("/").split("/")
            fails = kind in ("fails", "hangs", "resets") and servers.times(path) <= int(numbers[-1])
            if path.endswith("/slow") or (fails and kind == "hangs"):
                await reader.read()
                return
            if fails and kind == "resets":
                return
            body = json.dumps(seen).encode()
            status = numbers[0] if fails else 200
            head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\nX-From: {name}\r\nX-Gone: secret\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except ConnectionError:
        return  # the client is gone: there is nobody to answer
    finally:
        writer.close()


async def _headers(reader: asyncio.StreamReader) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        found.setdefault(name.lower(), []).append(value.strip())
    return found


async def request(
    target: tuple[str, int], path: str, *, method: str = "GET", host: str = "x.test", **headers: str
) -> Answer:
    """One request on a connection of its own. Underscores in the names of `headers` are dashes."""
    return await sent(target, path, b"", method=method, host=host, tls=None, server_name=None, **headers)


async def sent(
    target: tuple[str, int],
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    host: str = "x.test",
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    **headers: str,
) -> Answer:
    """As `request`, with a body, and TLS if there is a context; an answer in chunks is put together."""
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(*target, ssl=tls, server_hostname=server_name)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        status = int((await reader.readline()).split()[1])
        found = await _headers(reader)
        # Who has its answer goes: Envoy would wait a second for that before it closes.
        length = found.get("content-length")
        answered = await (reader.readexactly(int(length[0])) if length else reader.read())
        writer.close()
    if found.get("transfer-encoding") == ["chunked"]:
        answered = _unchunked(answered)
    is_json = found.get("content-length") and answered.startswith(b"{")
    return Answer(status, found, json.loads(answered) if is_json else {}, answered)


def _unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        found, body = found + rest[:length], rest[length + 2 :]
    return found
