"""Calls that stream: messages sent at an interval, received messages counted, an end after a time or a number."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.transport import ClientProtocol
from gatelab.load.requests import RequestError

_QUEUE_BYTES: Final = 65_536
"""So much of a stream may wait for the peer's window before no more messages are made."""
PREFIX_BYTES: Final = 5


class MessageCounter:
    """Counts the messages in a stream of bytes without keeping them."""

    __slots__ = ("_max_bytes", "_prefix", "_rest", "count")

    def __init__(self, max_bytes: int | None) -> None:
        self.count = 0
        self._max_bytes = max_bytes
        self._prefix = bytearray()
        self._rest = 0

    def feed(self, data: bytes) -> int | None:
        """Takes bytes; the length of a message that is too long, else None."""
        at = 0
        while at < len(data):
            if self._rest:
                taken = min(self._rest, len(data) - at)
                self._rest -= taken
                at += taken
                self.count += self._rest == 0
                continue
            taken = PREFIX_BYTES - len(self._prefix)
            self._prefix += data[at : at + taken]
            at += taken
            if len(self._prefix) == PREFIX_BYTES:
                self._rest = int.from_bytes(self._prefix[1:], "big")
                self._prefix.clear()
                if self._max_bytes is not None and self._rest > self._max_bytes:
                    return self._rest
                self.count += self._rest == 0
        return None


class Sender:
    """The client's side of one streaming call."""

    __slots__ = (
        "_failed",
        "_frame",
        "_interval_s",
        "_loop",
        "_messages",
        "_next",
        "_protocol",
        "_stream_id",
        "_timer",
        "over",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: ClientProtocol,
        stream_id: int,
        *,
        frame: Callable[[bytes], bytes],
        failed: Callable[[RequestError], None],
        interval_s: float,
    ) -> None:
        self._loop = loop
        self._protocol = protocol
        self._stream_id = stream_id
        self._frame = frame
        self._failed = failed
        self._interval_s = interval_s
        self._messages: Iterator[bytes] = iter(())
        self._next: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.over = False

    def start(self, messages: Iterable[bytes]) -> None:
        """Sends the first message now. A message that cannot be made goes to `failed`."""
        self._messages = iter(messages)
        try:
            self._next = next(self._messages, None)
        except RequestError as error:
            self._failed(error)
            return
        self._send()

    def close(self) -> None:
        """Half-closes the stream, if it is not closed yet."""
        if not self.over:
            self.stop()
            self._session.end(self._stream_id)
            self._protocol.touch()

    def stop(self) -> None:
        """Sends no more."""
        self.over = True
        if self._timer is not None:
            self._timer.cancel()

    @property
    def _session(self) -> ClientSession:
        return self._protocol.session

    def _send(self) -> None:
        """Messages as far as interval and window allow; the last one closes the stream."""
        try:
            while not self.over:
                if self._next is None:
                    self.close()
                elif self._session.queued(self._stream_id) > _QUEUE_BYTES:
                    self._session.when_taken(self._send_later)
                    return
                else:
                    self._send_one(self._next)
                    if self._interval_s and not self.over:
                        self._timer = self._loop.call_later(self._interval_s, self._send)
                        return
        except RequestError as error:
            self.over = True
            self._failed(error)

    def _send_one(self, message: bytes) -> None:
        body = self._frame(message)
        self._next = next(self._messages, None)
        self.over = self._next is None
        self._session.send(self._stream_id, body, end=self.over)
        self._protocol.touch()

    def _send_later(self) -> None:
        self._loop.call_soon(self._send)
