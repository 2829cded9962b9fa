"""The server's side of a connection, without IO: bytes in, handlers called; their answers out as bytes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol, TypeVar

from gatelab.grpc_wire.errors import MessageError
from gatelab.grpc_wire.framing import DEFAULT_MAX_MESSAGE_BYTES, MessageReader, framed, whole_message
from gatelab.grpc_wire.http2 import (
    NO_ERROR,
    Connection,
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    HeaderBlock,
    NGH2Error,
    RequestReceived,
    StreamClosed,
    TrailersReceived,
    field,
    server_connection,
)
from gatelab.grpc_wire.metadata import Metadata, decoded_metadata, decoded_timeout, percent_encoded
from gatelab.grpc_wire.status import StatusCode

_T = TypeVar("_T")

_ANSWER: Final[HeaderBlock] = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_GRPC_OK: Final[HeaderBlock] = ((b"grpc-status", b"0"),)


class Receiver(Protocol):
    """What a handler wants to hear of its call. After `on_end` or `on_cancel` nothing more comes."""

    def on_message(self, message: bytes) -> None: ...
    def on_end(self) -> None:
        """The client has sent its last message."""
        ...

    def on_cancel(self) -> None:
        """The client has gone, or reset the call. What is answered now is dropped."""
        ...


class ServerCall:
    """One call, for its handler to answer: `start`, `send`, `finish`; or `reply` for all three at once.

    Answers may come at any later time; once the call is over they do nothing.
    """

    __slots__ = (
        "_connection",
        "_encoding",
        "_open",
        "_reader",
        "_receiver",
        "_session",
        "_started",
        "block",
        "path",
        "stream_id",
    )

    def __init__(self, session: "ServerSession", stream_id: int, path: bytes, block: HeaderBlock) -> None:
        self.stream_id = stream_id
        self.path = path
        self.block = block
        self._connection = session.connection
        self._open = True
        self._started = False
        self._session = session
        self._reader: MessageReader | None = None
        self._receiver: Receiver | None = None

    @property
    def alive(self) -> bool:
        """Somebody still waits for the answer."""
        return self._open

    @property
    def metadata(self) -> Metadata:
        return decoded_metadata(self.block)

    @property
    def timeout_s(self) -> float | None:
        """The client's `grpc-timeout`."""
        value = field(self.block, b"grpc-timeout")
        return None if value is None else decoded_timeout(value)

    def start(self, metadata: HeaderBlock = ()) -> None:
        """Sends the response headers; implied by the first `send`."""
        if self._open and not self._started:
            self._started = True
            self._say(self._connection.send_response, _ANSWER + metadata)

    def send(self, message: bytes) -> None:
        """Sends one message."""
        if self._open:
            self.start()
            self._say(self._connection.send_data, framed(message))

    def unsent(self) -> int:
        """Bytes that wait for the client's window or the socket."""
        return self._connection.queued_body_size(self.stream_id) if self._open else 0

    def finish(self, code: int = StatusCode.OK, details: str = "", trailers: HeaderBlock = ()) -> None:
        """Ends the call with a status; without anything sent before, as a reply of trailers only."""
        if not self._open:
            return
        block = ((b"grpc-status", b"%d" % code), *trailers)
        if details:
            block = (*block, (b"grpc-message", percent_encoded(details)))
        self._open = False
        if self._started:
            self._say(self._connection.send_trailers, block)
        else:
            self._say(partial(self._connection.send_response, end_stream=True), _ANSWER + block)

    def reply(self, framed_message: bytes, answer: HeaderBlock) -> None:
        """One message and OK, from parts made beforehand (`answer_block`, `framed`): the short way of a unary call."""
        if self._open:
            self._open = False
            connection, stream_id = self._connection, self.stream_id
            try:
                connection.send_response(stream_id, answer)
                connection.send_data(stream_id, framed_message)
                connection.send_trailers(stream_id, _GRPC_OK)
            except NGH2Error:  # as in `_say`
                return
            self._session.dirty()

    def refuse_http(self, http_status: int) -> None:
        """Answers what is not gRPC with an HTTP status (405, 415)."""
        self._open = False
        self._say(partial(self._connection.send_response, end_stream=True), ((b":status", b"%d" % http_status),))

    def _say(self, how: Callable[[int, _T], None], what: _T) -> None:
        try:
            how(self.stream_id, what)
        except NGH2Error:  # reset by the client in the read that is being worked through; `on_cancel` follows
            return
        self._session.dirty()

    # For the session.

    def attach(self, receiver: Receiver, encoding: bytes) -> None:
        self._encoding = encoding
        self._receiver = receiver

    def feed(self, data: bytes, *, end: bool) -> None:
        receiver = self._receiver
        if receiver is None or not self._open:
            return
        if end and self._reader is None and whole_message(data, self._session.max_message_bytes):
            # The common case: the whole request in one DATA frame.
            receiver.on_message(data[5:])
            receiver.on_end()
            return
        reader = self._reader
        if reader is None:
            reader = self._reader = MessageReader(self._session.max_message_bytes)
            reader.encoding = self._encoding.decode("latin-1")
        try:
            if data:
                for message in reader.feed(data):
                    receiver.on_message(message)
            if end:
                reader.finish()
                receiver.on_end()
        except MessageError as error:
            self.finish(error.code, error.details)

    def over(self) -> None:
        if self._open:
            self._open = False
            if self._receiver is not None:
                self._receiver.on_cancel()


Handler = Callable[[ServerCall], Receiver]
Handlers = Mapping[bytes, Handler]
"""By `:path`."""


def answer_block(metadata: HeaderBlock = ()) -> HeaderBlock:
    """Response headers for `ServerCall.reply`."""
    return _ANSWER + metadata


class _Unary:
    __slots__ = ("_answer", "_call", "_message")

    def __init__(self, call: ServerCall, answer: Callable[[ServerCall, bytes], None]) -> None:
        self._call = call
        self._answer = answer
        self._message: bytes | None = None

    def on_message(self, message: bytes) -> None:
        if self._message is not None:
            self._call.finish(StatusCode.INTERNAL, "cardinality violation: a unary call with several requests")
        self._message = message

    def on_end(self) -> None:
        if self._message is None:
            self._call.finish(StatusCode.INTERNAL, "cardinality violation: a unary call without a request")
        else:
            self._answer(self._call, self._message)

    def on_cancel(self) -> None:
        """The answer, if it comes, finds the call over."""


def unary(answer: Callable[[ServerCall, bytes], None]) -> Handler:
    """A handler of calls with one request; `answer` is called when it is complete and replies at once or later."""
    return lambda call: _Unary(call, answer)


class ServerSession:
    """All calls of one connection. `dirty` is called whenever there is something to write."""

    def __init__(
        self,
        handlers: Handlers,
        dirty: Callable[[], None],
        *,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
    ) -> None:
        self.connection: Connection = server_connection()
        self.dirty = dirty
        self.max_message_bytes = max_message_bytes
        self.over = False
        """The connection is to be closed when `pending` has been written."""
        self._handlers = handlers
        self._calls: dict[int, ServerCall] = {}
        self._broken = False

    @property
    def open_calls(self) -> int:
        return len(self._calls)

    def pending(self) -> bytes:
        """Takes the bytes to write."""
        if self._broken:
            return b""
        data = self.connection.data_to_send()
        self._dispatch()  # sending ends streams too, and a GOAWAY of ours the connection
        return data

    def announce_drain(self) -> None:
        """First half of a graceful end: GOAWAY that still accepts what is on its way (RFC 9113, 6.8)."""
        if not self.over:
            self.connection.send_shutdown_notice()

    def drain(self) -> None:
        """Second half: no new streams; `over` once the open ones have ended."""
        if not self.over:
            self.connection.send_goaway(NO_ERROR)
            self.over = not self._calls

    def end_calls(self) -> None:
        """The calls that are still under way end as UNAVAILABLE: a client may try again elsewhere."""
        for call in list(self._calls.values()):
            call.finish(StatusCode.UNAVAILABLE, "the server is shutting down")

    def lost(self) -> None:
        """The connection is gone: every call is cancelled."""
        self.over = True
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.over()

    def receive(self, data: bytes) -> None:
        """Takes bytes from the client. A client that breaks HTTP/2 ends the session (`over`)."""
        if self.over:
            return
        try:
            self.connection.receive_data(data)
            self._dispatch()
        except NGH2Error:
            self._broken = True
            self.lost()

    def _dispatch(self) -> None:
        calls = self._calls
        # One loop, for a call costs three turns of it; the order is that of frequency.
        for event in self.connection.events():
            if isinstance(event, DataReceived):
                stream_id, body = event.stream_id, event.data
                if body:
                    self._acknowledge(stream_id, len(body))
                if (call := calls.get(stream_id)) is not None:
                    call.feed(body, end=event.end_stream)
            elif isinstance(event, RequestReceived):
                self._begin(event.stream_id, event.headers, event.end_stream)
            elif isinstance(event, StreamClosed):
                if (call := calls.pop(event.stream_id, None)) is not None:
                    call.over()
            else:
                self._rare(event)

    def _rare(self, event: object) -> None:
        if isinstance(event, TrailersReceived):
            if (call := self._calls.get(event.stream_id)) is not None:
                call.feed(b"", end=True)
        elif isinstance(event, ConnectionClosed):
            self.lost()
        elif isinstance(event, GoAwayReceived) and not self._calls:
            self.over = True

    def _acknowledge(self, stream_id: int, amount: int) -> None:
        try:
            self.connection.acknowledge_received_data(amount, stream_id)
        except NGH2Error:  # the connection has ended with this very read
            return

    def _begin(self, stream_id: int, block: HeaderBlock, end: bool) -> None:
        fields = dict(block)
        path = fields[b":path"]
        call = ServerCall(self, stream_id, path, block)
        self._calls[stream_id] = call
        if fields[b":method"] != b"POST":
            call.refuse_http(405)
        elif not fields.get(b"content-type", b"").startswith(b"application/grpc"):
            call.refuse_http(415)
        elif (handler := self._handlers.get(path)) is None:
            call.finish(StatusCode.UNIMPLEMENTED, f"unknown method {path.decode('latin-1')}")
        else:
            call.attach(handler(call), fields.get(b"grpc-encoding", b"identity"))
            if end:
                call.feed(b"", end=True)
