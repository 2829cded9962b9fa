"""The application on a socket, by uvicorn."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gatelab.apiserver.connections import HEAD_BYTES, ClientConnection
from gatelab.apiserver.ending import Answers

_GRACE_S = 0.2
"""How long requests may take to finish when the server ends."""

_LIMIT_S = 2
"""When uvicorn gives up waiting for what was cancelled."""

_KEEP_ALIVE_S = 120


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process belongs to somebody else."""

    def __init__(self, config: uvicorn.Config, started: Callable[[int], None] | None) -> None:
        super().__init__(config)
        self._on_started = started

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._on_started is not None:
            self._on_started(self.servers[0].sockets[0].getsockname()[1])


async def serve(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sock: socket.socket | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    started: Callable[[int], None] | None = None,
) -> None:
    """Serves until cancelled, on a listening socket or on a host and port; with TLS when there is a certificate.

    `started` is called with the port once connections are accepted. Raises OSError when the port is taken.
    """
    listening = sock if sock is not None else _listening(host, port)
    # Accepted connections inherit it. asyncio sets it only where the socket names its protocol, and without it the head
    # of an answer and its body are 40 ms apart.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answers = Answers()
    config = uvicorn.Config(
        answers.over(app),
        lifespan="off",
        loop="none",
        http=ClientConnection,
        h11_max_incomplete_event_size=HEAD_BYTES,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LIMIT_S,
    )
    server = _Server(config, started)
    try:
        await server.serve([listening])
    finally:
        await _end(server, answers, listening)


async def _end(server: _Server, answers: Answers, listening: socket.socket) -> None:
    """Ends the streams, lets short requests finish, and gives up the others."""
    if not server.started:
        listening.close()
        return
    async with asyncio.TaskGroup() as group:
        # Connections learn first that they close after their answers, then the streams end theirs.
        group.create_task(server.shutdown([listening]))
        await asyncio.sleep(0)
        answers.ending.set()
        if tasks := set(server.server_state.tasks):
            await asyncio.wait(tasks, timeout=_GRACE_S)
        for task in server.server_state.tasks:
            task.cancel()


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening
