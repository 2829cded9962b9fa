"""The ready port: when it opens, and what of the admin interface it shows."""

import asyncio
from pathlib import Path

import pytest

from gatelab.proxy.model import ProxyConfig
from running_envoy import DEADLINE_S, running_envoy

pytestmark = pytest.mark.envoy

READY = ("127.23.3.1", 19001)


async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The port opens when Envoy's workers start, which is after it has acknowledged its first configuration."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                return await asyncio.open_connection(*READY)
            except ConnectionRefusedError:
                continue


async def status(path: str, method: str = "GET") -> int:
    reader, writer = await connect()
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(DEADLINE_S):
        line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def test_it_serves_the_read_only_pages_and_nothing_else(socket_folder: Path) -> None:
    async with running_envoy(socket_folder, ready=READY) as envoy:
        await envoy.accept(ProxyConfig())
        for path in ("/ready", "/stats/prometheus", "/clusters", "/clusters?format=json"):
            assert await status(path) == 200
        for path in ("/", "/config_dump", "/quitquitquit", "/ready/../quitquitquit", "/certs"):
            assert await status(path) == 404
        for path in ("/ready", "/quitquitquit"):
            assert await status(path, "POST") == 404
        assert (socket_folder / "admin.sock").stat().st_mode & 0o777 == 0o600
        assert (socket_folder / "xds.sock").stat().st_mode & 0o777 == 0o600
    assert envoy.log == ""


async def test_it_stays_ready_without_a_control_plane(socket_folder: Path) -> None:
    async with running_envoy(socket_folder, ready=READY) as envoy:
        await envoy.accept(ProxyConfig())
        assert await status("/ready") == 200
        await envoy.restart_control_plane()
        assert await status("/ready") == 200
