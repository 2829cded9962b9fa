"""A control plane in a process of its own that is there to be killed; forked from one that has imported everything."""

import asyncio
import multiprocessing
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from typing import Any

import httpx2

from gatelab import controlplane
from gatelab.kinds.addresses import AddressRange
from gatelab.node.claims import claim_octet, free_port
from gatelab.node.credentials import make_credentials
from gatelab.node.place import LabPlace


def prepared(name: str) -> tuple[LabPlace, controlplane.Settings, ExitStack]:
    """Folders, keys, ports and a range of addresses: held, with the port of the API, as long as the last of the three.

    A port that nobody has, between two control planes, may become that of somebody's connection: it is kept bound.
    """
    place = LabPlace.named(name)
    place.make()
    make_credentials(place, now=datetime.now(UTC))
    held = ExitStack()
    octet, claim = claim_octet(None)
    held.enter_context(claim)
    addresses = AddressRange(octet)
    dns_port = free_port(None, address=str(addresses.node))
    kept = held.enter_context(socket.socket())
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((controlplane.API_ADDRESS, 0))
    return place, controlplane.Settings(place, kept.getsockname()[1], dns_port, addresses), held


def context() -> ForkServerContext:
    """Forks in a few milliseconds what takes half a second to import: this module's imports too, which has `_serve`."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["gatelab.controlplane", "httpx2"])
    return found


def _serve(settings: controlplane.Settings) -> None:
    asyncio.run(controlplane.run(settings))


class Running:
    """A control plane that answers."""

    def __init__(self, process: Any, client: httpx2.AsyncClient) -> None:
        self._process = process
        self.client = client

    def kill(self) -> None:
        self._process.kill()


@asynccontextmanager
async def running(settings: controlplane.Settings, forking: ForkServerContext) -> AsyncIterator[Running]:
    """Ready within 20 s; killed at the end of the block if it has not been before."""
    process = forking.Process(target=_serve, args=(settings,), daemon=True)
    process.start()
    try:
        async with _client(settings) as client:
            await _ready(client, settings.api_port)
            yield Running(process, client)
    finally:
        process.kill()
        await asyncio.to_thread(process.join, 10)
        assert process.exitcode == -signal.SIGKILL, "the control plane ended by itself"


def _client(settings: controlplane.Settings) -> httpx2.AsyncClient:
    trust = ssl.create_default_context(cafile=str(settings.place.ca_certificate))
    headers = {"Authorization": f"Bearer {settings.place.token.read_text().strip()}"}
    return httpx2.AsyncClient(
        base_url=f"https://127.0.0.1:{settings.api_port}", verify=trust, headers=headers, timeout=40
    )


async def _ready(client: httpx2.AsyncClient, port: int) -> None:
    """Asked of TCP alone at first: requests that are refused take a core from the control plane that starts on it."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection(controlplane.API_ADDRESS, port)
                writer.close()
                if (await client.get("/readyz")).status_code == 200:
                    return
            except (OSError, httpx2.TransportError):
                await asyncio.sleep(0.005)
