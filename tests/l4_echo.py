"""Servers of bytes and datagrams that say who they are, and clients that ask them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

DEADLINE_S = 20.0


@asynccontextmanager
async def tcp_server(name: str, address: str, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answers every line with its name; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readline():
                writer.write(f"{name}\n".encode())
                await writer.drain()
        except OSError:
            pass  # The client has gone.
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, name: str) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._name.encode(), addr)


@asynccontextmanager
async def udp_server(name: str, address: str, port: int = 0) -> AsyncIterator[int]:
    """Answers every datagram with its name; yields its port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(name), local_addr=(address, port))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def asked(address: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str | None = None) -> str:
    """Who answers on a new connection; "" if it is closed instead."""
    async with asyncio.timeout(DEADLINE_S):
        try:
            reader, writer = await asyncio.open_connection(address, port, ssl=tls, server_hostname=server_name)
        except (ConnectionError, ssl.SSLError):
            return ""
        try:
            writer.write(b"who is there?\n")
            return (await reader.readline()).decode().strip()
        except (ConnectionError, ssl.SSLError):
            return ""
        finally:
            writer.close()


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self.answer.done():
            self.answer.set_result(data.decode())


async def asked_by_datagram(address: str, port: int, *, patience_s: float = DEADLINE_S) -> str:
    """Who answers a datagram from a new port; "" if nobody does within `patience_s`."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Answer, remote_addr=(address, port))
    try:
        transport.sendto(b"who")
        return await asyncio.wait_for(protocol.answer, patience_s)
    except TimeoutError:
        return ""
    finally:
        transport.close()


def trusting(pem: bytes) -> ssl.SSLContext:
    """A client's TLS that believes in these certificates."""
    return ssl.create_default_context(cadata=pem.decode())
