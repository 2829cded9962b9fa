"""One call on a channel, as asyncio sees it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Final

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.errors import MessageError
from gatelab.grpc_wire.framing import MessageReader, framed
from gatelab.grpc_wire.http2 import HeaderBlock, field
from gatelab.grpc_wire.metadata import Metadata, decoded_metadata
from gatelab.grpc_wire.outcome import OUT_OF_TIME, Closed, Status, http_failure, status_of
from gatelab.grpc_wire.status import StatusCode

# Unread replies beyond this keep the server's window shut; unsent requests beyond it make `send` wait.
_BUFFER_BYTES: Final = 256 << 10


class Stream:
    """A call in flight: `send` and `half_close` on one side, `async for message in stream` on the other.

    The iteration ends when the call does, whatever its status: look at `status` then. `headers` is there with the
    first message, `trailers` at the end. It is made by `Channel`, and no method raises for a gRPC status.
    """

    def __init__(self, session: ClientSession, touch: Callable[[], None], max_bytes: int) -> None:
        self._session = session
        self._touch = touch
        """Called when the session has something to write."""
        self._stream_id = 0
        self._reader = MessageReader(max_bytes)
        self._messages: deque[bytes] = deque()
        self._unread = 0
        self._owed = 0
        self._half_closed = False
        self._header_block: HeaderBlock = ()
        self._foreign = False
        """The response is not one of gRPC: what it holds are no messages."""
        self._trailer_block: HeaderBlock = ()
        self._status: Status | None = None
        self._unprocessed = False
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self._failure: BaseException | None = None

    def start(self, block: HeaderBlock, timeout_s: float | None) -> None:
        """Opens the stream; called once, by the channel."""
        if timeout_s is not None:
            self._deadline = asyncio.get_running_loop().call_later(timeout_s, self._expire)
        self._stream_id = self._session.open(block, self)
        self._touch()

    @property
    def status(self) -> Status | None:
        """How the call ended; None while it runs."""
        return self._status

    @property
    def unprocessed(self) -> bool:
        """The server never looked at the call; it may be sent again on another connection."""
        return self._unprocessed

    @property
    def headers(self) -> Metadata:
        """Response headers; of a reply without any (trailers only) they are empty."""
        return () if self._trailers_only else decoded_metadata(self._header_block)

    @property
    def trailers(self) -> Metadata:
        return decoded_metadata(self._header_block if self._trailers_only else self._trailer_block)

    @property
    def _trailers_only(self) -> bool:
        return field(self._header_block, b"grpc-status") is not None

    async def send(self, message: bytes, *, end: bool = False) -> None:
        """Sends one message, waiting while too much is unsent; a call that is over swallows it."""
        if self._half_closed or self._status is not None:
            return
        self._half_closed = end
        self._session.send(self._stream_id, framed(message), end=end)
        self._touch()
        while not end and self._session.queued(self._stream_id) > _BUFFER_BYTES and self._status is None:
            self._room.clear()
            self._session.when_taken(self._room.set)
            await self._room.wait()

    def half_close(self) -> None:
        """Says that no more messages come."""
        if not self._half_closed and self._status is None:
            self._half_closed = True
            self._session.end(self._stream_id)
            self._touch()

    async def send_all(self, messages: AsyncIterable[bytes] | Iterable[bytes]) -> None:
        """Sends every message and half-closes. What `messages` raises ends the call and is raised by the iteration."""
        try:
            if isinstance(messages, AsyncIterable):
                async for message in messages:
                    await self.send(message)
            else:
                for message in messages:
                    await self.send(message)
        except Exception as failure:  # noqa: BLE001 - handed over to the reader of the stream
            self._failure = failure
            self.cancel()
        self.half_close()

    def cancel(self) -> None:
        """Resets the call; without effect when it is over."""
        self._abort(Status(StatusCode.CANCELLED, "context canceled"))

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> bytes:
        while not self._messages:
            if self._failure is not None:
                raise self._failure
            if self._status is not None:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        message = self._messages.popleft()
        self._unread -= len(message)
        self._repay()
        return message

    async def ended(self) -> Status:
        """Waits for the status, leaving messages unread."""
        while self._status is None:
            self._changed.clear()
            await self._changed.wait()
        return self._status

    async def answered(self) -> None:
        """Waits until response headers, or the end, have arrived; raises as the iteration does."""
        while not self._header_block and self._status is None:
            self._changed.clear()
            await self._changed.wait()
        if self._failure is not None:
            raise self._failure

    # The sink of the session.

    def on_headers(self, block: HeaderBlock) -> None:
        self._header_block = block
        self._foreign = http_failure(block) is not None
        self._reader.encoding = (field(block, b"grpc-encoding") or b"identity").decode("latin-1")
        self._changed.set()

    def on_data(self, data: bytes) -> int:
        if self._foreign:
            return len(data)
        try:
            messages = self._reader.feed(data)
        except MessageError as error:
            self._abort(Status(error.code, error.details))
            return len(data)
        for message in messages:
            self._messages.append(message)
            self._unread += len(message)
        if messages:
            self._changed.set()
        if self._unread < _BUFFER_BYTES:
            return len(data)
        self._owed += len(data)
        return 0

    def on_trailers(self, block: HeaderBlock) -> None:
        self._trailer_block = block

    def on_closed(self, closed: Closed) -> None:
        self._unprocessed = closed.unprocessed
        late = self._deadline is not None and asyncio.get_running_loop().time() >= self._deadline.when()
        status = status_of(self._header_block, self._trailer_block, closed)
        # What is said of a call after its time is what others made of its end: a proxy's Unavailable, for one.
        self._finish(OUT_OF_TIME if late and status.code else status)

    def _repay(self) -> None:
        if self._owed and self._unread < _BUFFER_BYTES:
            self._session.acknowledge(self._stream_id, self._owed)
            self._owed = 0
            self._touch()

    def _expire(self) -> None:
        self._abort(OUT_OF_TIME)

    def _abort(self, status: Status) -> None:
        if self._status is None:
            self._session.cancel(self._stream_id)
            self._touch()
            self._finish(status)

    def _finish(self, status: Status) -> None:
        if self._status is not None:
            return
        self._status = status
        if self._deadline is not None:
            self._deadline.cancel()
        if self._owed:
            self._session.acknowledge(self._stream_id, self._owed)
            self._owed = 0
            self._touch()
        self._changed.set()
        self._room.set()
