"""The client's side of a connection, without IO: bytes in, calls on sinks; calls in, bytes out."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from gatelab.grpc_wire.http2 import (
    CANCEL,
    REFUSED_STREAM,
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    HeaderBlock,
    NGH2Error,
    ResponseReceived,
    SettingsReceived,
    StreamClosed,
    TrailersReceived,
    client_connection,
    error_name,
)
from gatelab.grpc_wire.outcome import Closed


class Sink(Protocol):
    """The receiver of one stream. `on_closed` comes exactly once and last."""

    def on_headers(self, block: HeaderBlock) -> None: ...
    def on_data(self, data: bytes) -> int:
        """Returns how many bytes to acknowledge now; the rest by `ClientSession.acknowledge` when they are taken."""
        ...

    def on_trailers(self, block: HeaderBlock) -> None: ...
    def on_closed(self, closed: Closed) -> None: ...


class ClientSession:
    """Streams of one connection. Nothing here waits or touches a socket.

    After `receive`, `open`, `send` or `acknowledge` the caller writes `pending()` when it suits it. `accepting` turns
    False when the server says goodbye; streams already open run to their end, those the server did not process are
    closed as `unprocessed`.

    With `takes_all` the window of what arrives is given back at once: what the sinks say of it does not matter.
    """

    def __init__(self, *, takes_all: bool = False) -> None:
        self.accepting = True
        self.ready = False
        """The server's SETTINGS have arrived: it does speak HTTP/2."""
        self.over: str | None = None
        """Why the connection ended, as a sentence for users; None while it lives."""
        self._takes_all = takes_all
        self._connection = client_connection(takes_all=takes_all)
        self._sinks: dict[int, Sink] = {}
        self._goaway = ""
        self._untouched = True
        self._broken = False
        self._when_taken: list[Callable[[], None]] = []

    @property
    def farewell(self) -> str:
        """Why no new call can be made, as a sentence for users; empty while one can."""
        return "" if self.accepting else self._goaway or self.over or "the server takes no more calls"

    @property
    def open_streams(self) -> int:
        return len(self._sinks)

    def open(self, block: HeaderBlock, sink: Sink) -> int:
        """Starts a stream; with `accepting` False it is closed at once as unprocessed, and 0 is returned."""
        if not self.accepting:
            sink.on_closed(Closed(REFUSED_STREAM, unprocessed=True, lost=self.over or self._goaway))
            return 0
        try:
            stream_id = self._connection.send_request(block)
        except NGH2Error as error:  # stream ids used up, or the session ended in this very tick
            self.accepting = False
            sink.on_closed(Closed(REFUSED_STREAM, unprocessed=True, lost=f"no new stream on this connection: {error}"))
            return 0
        self._sinks[stream_id] = sink
        return stream_id

    def request(self, block: HeaderBlock, body: bytes, sink: Sink) -> int:
        """`open`, and `send` of all there is to send."""
        if stream_id := self.open(block, sink):
            try:
                self._connection.send_data(stream_id, body, end_stream=True)
            except NGH2Error:  # as in `send`
                return stream_id
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end: bool) -> None:
        """Queues body bytes; for a stream that is over it does nothing."""
        if stream_id in self._sinks:
            try:
                self._connection.send_data(stream_id, data, end_stream=end)
            except NGH2Error:  # it has just ended; `on_closed` is on its way
                return

    def end(self, stream_id: int) -> None:
        """Half-closes a stream."""
        if stream_id in self._sinks:
            with suppress(NGH2Error):
                self._connection.end_stream(stream_id)

    def cancel(self, stream_id: int) -> None:
        """Resets a stream; its sink hears nothing more, not even `on_closed`."""
        if self._sinks.pop(stream_id, None) is not None:
            with suppress(NGH2Error):
                self._connection.reset_stream(stream_id, CANCEL)

    def acknowledge(self, stream_id: int, amount: int) -> None:
        """Gives the peer `amount` bytes of window back."""
        if amount and self.over is None:
            try:
                self._connection.acknowledge_received_data(amount, stream_id)
            except NGH2Error:  # the last stream after a GOAWAY has ended, and the connection with it
                return

    def ping(self) -> None:
        """Asks the peer for a sign of life; the answer is not waited for."""
        if self.over is None:
            with suppress(NGH2Error):
                self._connection.ping(b"gatelab!")

    def queued(self, stream_id: int) -> int:
        """Bytes of this stream that wait for the peer's window or the socket."""
        return self._connection.queued_body_size(stream_id) if stream_id in self._sinks else 0

    def pending(self) -> bytes:
        """Takes the bytes to write."""
        if self._broken:
            return b""
        data = self._connection.data_to_send()
        self._dispatch()  # sending ends streams too, and a GOAWAY of ours the connection
        if self._when_taken:
            callbacks, self._when_taken = self._when_taken, []
            for callback in callbacks:
                callback()
        return data

    def when_taken(self, callback: Callable[[], None]) -> None:
        """Calls back once, after the next `pending()`: then `queued` may have shrunk."""
        self._when_taken.append(callback)

    def goodbye(self) -> None:
        """Ends the connection from our side: GOAWAY, no new streams."""
        if self.over is None:
            self._connection.terminate_connection()
            self.lost("the channel was closed")

    def lost(self, reason: str) -> None:
        """The connection is gone: every stream closes with this reason."""
        if self.over is not None:
            return
        self.accepting = False
        self.over = reason
        sinks = list(self._sinks.values())
        self._sinks.clear()
        for sink in sinks:
            sink.on_closed(Closed(lost=reason))

    def receive(self, data: bytes) -> None:
        """Takes bytes from the peer and tells the sinks; a peer that breaks HTTP/2 ends the session (`over`)."""
        if self.over is not None:
            return
        if self._untouched:
            self._untouched = False
            if data.startswith(b"HTTP/1."):
                self.lost(
                    "http2: frame too large, note that the frame header looked like an HTTP/1.1 header: "
                    "the server speaks HTTP/1.1 on this port"
                )
                return
            if data.startswith(b"\x15\x03"):
                self.lost("the server answered with a TLS alert: it expects TLS on this port")
                return
        try:
            self._connection.receive_data(data)
            self._dispatch()
        except NGH2Error as error:
            self._broken = True
            self.lost(f"HTTP/2 protocol error: {error}")

    def _dispatch(self) -> None:
        sinks = self._sinks
        events = self._connection.events()
        if GoAwayReceived in map(type, events):
            for event in events:
                if type(event) is GoAwayReceived:  # First: when one closes a sink may start its next stream, not here.
                    self._rare(event)
        for event in events:  # by type, which is cheaper than isinstance: a call has four
            if type(event) is DataReceived:
                stream_id, data = event.stream_id, event.data
                sink = sinks.get(stream_id)
                # Bytes of a cancelled stream still count against the connection's window.
                amount = len(data) if sink is None else sink.on_data(data)
                if amount and not self._takes_all:
                    self.acknowledge(stream_id, amount)
            elif type(event) is StreamClosed:
                if (sink := sinks.pop(event.stream_id, None)) is not None:
                    is_clean = event.error_code == 0 and event.local_error is None
                    sink.on_closed(_CLEAN if is_clean else self._cut_short(event))
            elif type(event) is ResponseReceived:
                if (sink := sinks.get(event.stream_id)) is not None:
                    sink.on_headers(event.headers)
            elif type(event) is TrailersReceived:
                if (sink := sinks.get(event.stream_id)) is not None:
                    sink.on_trailers(event.headers)
            else:
                self._rare(event)

    def _cut_short(self, event: StreamClosed) -> Closed:
        unprocessed = event.error_code == REFUSED_STREAM
        lost = self._goaway if unprocessed and self._goaway else None
        if event.local_error is not None:
            lost = f"the stream did not leave: {event.local_error}"
        return Closed(event.error_code, unprocessed or event.local_error is not None, lost)

    def _rare(self, event: object) -> None:
        match event:
            case SettingsReceived():
                self.ready = True
            case GoAwayReceived(error_code=code, debug_data=debug):
                self.accepting = False
                reason = debug.decode("utf-8", "replace")
                self._goaway = f"the server sent GOAWAY ({error_name(code)}{', ' + reason if reason else ''})"
            case ConnectionClosed(error_code=code, debug_data=debug):
                reason = debug.decode("utf-8", "replace") or error_name(code)
                self.lost(self._goaway or f"HTTP/2 connection ended: {reason}")
            case _:
                pass


_CLEAN = Closed()
