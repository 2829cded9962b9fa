"""One HTTP/2 connection to a gRPC server, for asyncio."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gatelab.grpc_wire.framing import DEFAULT_MAX_MESSAGE_BYTES
from gatelab.grpc_wire.metadata import Metadata, Value, encoded_metadata, encoded_timeout, request_block
from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode
from gatelab.grpc_wire.stream import Stream
from gatelab.grpc_wire.transport import Alpn, ClientProtocol, closed, open_connection


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a unary call. `message` is None unless `code` is 0; `unprocessed`: safe to send again."""

    code: int
    message: bytes | None
    details: str
    headers: Metadata
    trailers: Metadata
    unprocessed: bool = False


class Channel:
    """Calls on one connection. It does not reconnect: `closed` says that a new channel is needed."""

    def __init__(self, protocol: ClientProtocol, *, authority: str, scheme: str, max_message_bytes: int) -> None:
        self._protocol = protocol
        self._authority = authority
        self._scheme = scheme
        self._max_message_bytes = max_message_bytes

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        authority: str,
        server_name: str | None = None,
        timeout_s: float,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
        alpn: Alpn = "strict",
    ) -> "Channel":
        """Connects; with `tls`, ALPN must give h2, or may if `alpn` is lenient.

        `server_name` (SNI, and the name that is verified) is the authority's host if None.

        Raises:
            ConnectError: the text says what is wrong, in the words of grpc-go where there are such.
        """
        name = server_name if server_name is not None else host_of(authority)
        protocol = await open_connection(host, port, tls=tls, server_name=name, timeout_s=timeout_s, alpn=alpn)
        scheme = "https" if tls is not None else "http"
        return cls(protocol, authority=authority, scheme=scheme, max_message_bytes=max_message_bytes)

    @property
    def closed(self) -> bool:
        """No new call can be made on this connection."""
        return not self._protocol.session.accepting

    async def unary(
        self, path: str, message: bytes, *, metadata: Iterable[tuple[str, Value]] = (), timeout_s: float | None
    ) -> Reply:
        """One request, one response. Every failure is a status in the reply; cancelling it resets the stream.

        Raises:
            ValueError: metadata that HTTP/2 cannot carry.
        """
        stream = self._open(path, metadata, timeout_s)
        try:
            await stream.send(message, end=True)
            status = await stream.ended()
        finally:
            stream.cancel()
        messages = [m async for m in stream]
        if status.code == StatusCode.OK and len(messages) != 1:
            status = Status(StatusCode.INTERNAL, f"cardinality violation: {len(messages)} messages in a unary response")
        ok = status.code == StatusCode.OK
        return Reply(
            status.code,
            messages[0] if ok else None,
            status.details,
            stream.headers,
            stream.trailers,
            stream.unprocessed,
        )

    @asynccontextmanager
    async def call(
        self,
        path: str,
        messages: AsyncIterable[bytes] | Iterable[bytes],
        *,
        metadata: Iterable[tuple[str, Value]] = (),
        timeout_s: float | None,
    ) -> AsyncIterator[Stream]:
        """A call of any kind.

        `async with channel.call(...) as stream: async for message in stream: ...`, then `stream.status`. `messages`
        are sent beside the reading, as the server takes them. Leaving the block early resets the stream.

        Raises:
            ValueError: metadata that HTTP/2 cannot carry.
        """
        stream = self._open(path, metadata, timeout_s)
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(stream.send_all(messages))
            try:
                yield stream
            except BaseException as error:  # noqa: BLE001 - raised below, outside the group, which would wrap it
                failure = error
            finally:
                stream.cancel()
                sender.cancel()
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Says GOAWAY and closes the socket; calls in flight end as UNAVAILABLE."""
        await closed([self._protocol])

    def _open(self, path: str, metadata: Iterable[tuple[str, Value]], timeout_s: float | None) -> Stream:
        block = request_block(
            path=path, authority=self._authority, scheme=self._scheme, metadata=encoded_metadata(metadata)
        )
        if timeout_s is not None:
            block += ((b"grpc-timeout", encoded_timeout(timeout_s)),)
        stream = Stream(self._protocol.session, self._protocol.touch, self._max_message_bytes)
        stream.start(block, timeout_s)
        return stream


def host_of(authority: str) -> str:
    """The host of `host:port`, `[::1]:443` or a bare host."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    host, colon, port = authority.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else authority
