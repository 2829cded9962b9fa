"""The responder on UDP and TCP."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

from gatelab.dns.responder import answer
from gatelab.dns.zone import ZoneData

_log = logging.getLogger(__name__)

_IDLE_S = 10.0
"""How long a TCP connection may be silent (RFC 7766, 6.2.3)."""
_MOST_CONNECTIONS = 100
_ATTEMPTS = 20


class DnsAddress(NamedTuple):
    """Where DNS is served, over UDP and TCP alike."""

    host: str
    port: int


@asynccontextmanager
async def serve_dns(zone: ZoneData, host: str, port: int) -> AsyncIterator[DnsAddress]:
    """Serves the zones on an IPv4 address; port 0 takes one that is free in both protocols. Raises OSError."""
    udp, tcp, connections = await _listen(zone, host, port)
    address = DnsAddress(host, udp.get_extra_info("sockname")[1])
    zone.serve_from(host)
    _log.info("DNS on %s:%d", *address)
    try:
        yield address
    finally:
        udp.close()
        tcp.close()
        connections.drop()
        await tcp.wait_closed()


async def _listen(
    zone: ZoneData, host: str, port: int
) -> tuple[asyncio.DatagramTransport, asyncio.Server, "_Connections"]:
    loop = asyncio.get_running_loop()
    connections = _Connections(zone)
    attempt = 0
    while True:
        udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(zone), (host, port))
        try:
            chosen = udp.get_extra_info("sockname")[1]
            return udp, await asyncio.start_server(connections.serve, host, chosen), connections
        except OSError:
            udp.close()
            attempt += 1
            # A port of our own choice that TCP has in use: take another.
            if port or attempt == _ATTEMPTS:
                raise


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: ZoneData) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Neither asyncio's nor uvloop's datagram transport is of that class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        response = answer(data, self._zone, "udp")
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)

    def error_received(self, exc: Exception) -> None:
        """A client that went away before its answer."""
        _log.debug("DNS over UDP: %s", exc)


class _Connections:
    """The TCP connections, each with messages behind a length of two bytes."""

    def __init__(self, zone: ZoneData) -> None:
        self._zone = zone
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            while True:
                async with asyncio.timeout(_IDLE_S):
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    query = await reader.readexactly(length)
                    response = answer(query, self._zone, "tcp")
                    if response is None:
                        break
                    writer.write(len(response).to_bytes(2, "big") + response)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            _log.debug("DNS over TCP: connection ended: %r", error)
        finally:
            self._writers.discard(writer)
            writer.close()

    def drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
