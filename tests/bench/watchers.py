"""How long an event takes to reach each of 100 watchers, from just before the write is sent to the watcher's read."""

import asyncio
import json
import re
import ssl
import statistics
import time
from dataclasses import dataclass

WATCHERS = 100
EVENTS = 100
PAUSE_S = 0.05
NAMESPACE = "default"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_STAMP = re.compile(rb'"stamp":"(\d+)"')


def event_latencies_ms(address: str, token: str, trust: ssl.SSLContext) -> dict[str, float]:
    """p50, p99 and the worst of EVENTS events to WATCHERS watchers. The writer and the watchers share this process."""
    return asyncio.run(_measured(address, token, trust))


async def _measured(address: str, token: str, trust: ssl.SSLContext) -> dict[str, float]:
    found: list[float] = []
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        writer = await Connection.opened(address, token, trust)
        version = json.loads(await writer.answer("GET", path))["metadata"]["resourceVersion"]
        watching = [await Connection.opened(address, token, trust) for _ in range(WATCHERS)]
        for each in watching:
            await each.begin("GET", f"{path}?watch=1&resourceVersion={version}")
            tasks.create_task(_read(each.reader, found))
        for number in range(EVENTS):
            body = {"metadata": {"name": f"event-{version}-{number}"}, "data": {"stamp": str(time.perf_counter_ns())}}
            await writer.answer("POST", path, {"apiVersion": "v1", "kind": "ConfigMap", **body})
            await asyncio.sleep(PAUSE_S)
    for each in [writer, *watching]:
        each.writer.close()
    assert len(found) == WATCHERS * EVENTS
    cuts = statistics.quantiles(found, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2), "worst": round(max(found), 2)}


async def _read(reader: asyncio.StreamReader, found: list[float]) -> None:
    for _ in range(EVENTS):
        stamp = None
        while stamp is None:
            line = await reader.readline()
            assert line, "the watch ended"
            stamp = _STAMP.search(line)
        found.append((time.perf_counter_ns() - int(stamp[1])) / 1e6)


@dataclass
class Connection:
    """HTTP/1.1 with as little work as can be: 100 clients and the server share the machine."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str

    @classmethod
    async def opened(cls, address: str, token: str, trust: ssl.SSLContext) -> "Connection":
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=trust, limit=2**26)
        head = f"Host: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        return cls(reader, writer, head)

    async def begin(self, method: str, path: str, body: object = None) -> bytes:
        """Sends a request; returns the answer's head."""
        sent = json.dumps(body).encode() if body is not None else b""
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert answer.split()[1].startswith(b"20"), answer
        return answer

    async def answer(self, method: str, path: str, body: object = None) -> bytes:
        """The body of an answer that has a length."""
        length = _LENGTH.search(await self.begin(method, path, body))
        assert length, "an answer without a length"
        return await self.reader.readexactly(int(length[1]))
