"""Connecting to a Unix domain socket, given up half-way."""

import asyncio
from pathlib import Path

from gatelab.call.connection import connect_unix


async def test_a_connection_given_up_is_closed(tmp_path: Path) -> None:
    """Ctrl-C while the server has accepted, and not yet spoken."""
    path, spoken_to, gone = str(tmp_path / "socket"), asyncio.Event(), asyncio.Event()

    async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        spoken_to.set()
        await reader.read()
        writer.close()
        gone.set()

    async with await asyncio.start_unix_server(is_silent, path):
        connecting = connect_unix(
            path, tls=None, authority="t", server_name=None, timeout_s=60, keepalive_s=0, max_message_bytes=1000
        )
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            task = group.create_task(connecting)
            await spoken_to.wait()
            task.cancel()
            await gone.wait()
    assert task.cancelled()
