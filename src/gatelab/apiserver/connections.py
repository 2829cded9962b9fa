"""One connection of a client: HTTP/1.1 by uvicorn and h11, and deadlines for clients that dawdle.

A request that does not become whole, and an answer that nobody reads, would keep memory and a connection for as long as
their client likes. uvicorn bounds neither. What it does bound is the head of a request and idle connections.
"""

import asyncio
import logging

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from gatelab.kinds.errors import ApiError, BadRequest, RequestTimeout

_log = logging.getLogger(__name__)

HEAD_BYTES = 64 * 1024
"""Of a request at most, however many pieces it comes in: a selector may be long. h11 would take 16 KiB."""

WHOLE_S = 30.0
"""Within this a request has come, from the first byte of its head, or from its head on to the end of its body."""

STALLED_S = 60.0
"""After this an answer of which the client took nothing is given up."""


class ClientConnection(H11Protocol):
    """A connection that ends when its client keeps it waiting in the middle of something."""

    _whole: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _judged: object = None
    """The scope of the request that `_whole` was set for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._whole = self.loop.call_later(WHOLE_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._whole)
        self._whole = None
        _cancel(self._stalled)
        self._stalled = None
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._judge()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._judge()

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: exec and attach are refused with a Status, and uvicorn's advice to install more is wrong."""

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._expect_reading()

    def resume_writing(self) -> None:
        _cancel(self._stalled)
        self._stalled = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is no HTTP, as a Status."""
        self._refuse(BadRequest(msg))

    def _judge(self) -> None:
        """Sets the deadline for a request that has begun, once for its head and once for its body."""
        state = self.conn.their_state
        begun = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if begun and self._whole is not None and self._judged is self.scope:
            return
        _cancel(self._whole)
        self._whole = None
        if begun and not self.transport.is_closing():
            self._judged = self.scope
            self._whole = self.loop.call_later(WHOLE_S, self._too_slow)

    def _too_slow(self) -> None:
        self._whole = None
        self._refuse(RequestTimeout(f"the request was not whole within {WHOLE_S:g} s"))

    def _refuse(self, error: ApiError) -> None:
        """Answers with the error unless an answer has begun, and closes the connection."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            _log.info("a request was refused: %s", error.message)
            body = msgspec.json.encode(error.to_status())
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (h11.Response(status_code=error.code, headers=headers), h11.Data(body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect_reading(self, waiting: int = -1) -> None:
        """Looks again and again whether anything of the answer was taken."""
        now = self.transport.get_write_buffer_size()
        if now == waiting:
            _log.info("an answer was given up: its client has read nothing for %g s", STALLED_S)
            self.transport.abort()
            return
        self._stalled = self.loop.call_later(STALLED_S, self._expect_reading, now)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
