"""The agent's own answers, on a Unix socket that the API server passes `nodes/proxy` on to: /metrics and /healthz.

The socket is for its owner only (0600) and knows no token: who may connect to it may read the token beside it.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import h11

from gatelab.telemetry import Reading
from gatelab.telemetry.exposition import CONTENT_TYPE, text
from gatelab.telemetry.families import merged

_TIMEOUT_S = 5.0
_PLAIN = "text/plain; charset=utf-8"

Readings = Callable[[], Iterable[Reading]]


async def serve_agent(socket: Path, readings: Readings, *, started: asyncio.Event | None = None) -> None:
    """Answers until cancelled; `started` is set once it does. Raises OSError when the socket cannot be made."""
    _remove(socket)
    server = await asyncio.start_unix_server(partial(_serve, readings), path=str(socket))
    try:
        os.chmod(socket, 0o600)  # noqa: PTH101 - in no time
        if started is not None:
            started.set()
        await server.serve_forever()
    finally:
        server.close()
        _remove(socket)


def _remove(socket: Path) -> None:
    socket.unlink(missing_ok=True)


async def _serve(readings: Readings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request of a connection, which is closed after it."""
    connection = h11.Connection(h11.SERVER)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            request = await _request(connection, reader)
            status, kind, body = await _answer(request, readings)
            for part in _parts(status, kind, body):
                writer.write(connection.send(part) or b"")
            await writer.drain()
    except (OSError, TimeoutError, h11.RemoteProtocolError):
        pass  # the client's loss: it left, or spoke something else
    finally:
        writer.close()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request:
    while not isinstance(event := connection.next_event(), h11.Request):
        if event is not h11.NEED_DATA:
            raise h11.RemoteProtocolError("no request")
        connection.receive_data(await reader.read(65536))
    return event


async def _answer(request: h11.Request, readings: Readings) -> tuple[int, str, bytes]:
    path = request.target.partition(b"?")[0]
    if request.method != b"GET":
        return 405, _PLAIN, b"GET only\n"
    if path == b"/metrics":
        return 200, CONTENT_TYPE, await asyncio.to_thread(text, merged(readings()))
    if path == b"/healthz":
        return 200, _PLAIN, b"ok"
    return 404, _PLAIN, b"404 page not found: the agent has /metrics and /healthz\n"


def _parts(status: int, kind: str, body: bytes) -> tuple[h11.Event, ...]:
    headers = [("content-type", kind), ("content-length", str(len(body))), ("connection", "close")]
    return h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()
