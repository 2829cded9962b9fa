"""Scripts without IO: our sessions against each other and against bare HTTP/2 connections."""

from collections.abc import Callable

import ngh2
import pytest

from gatelab.grpc_wire.client_session import ClientSession
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.http2 import HeaderBlock, client_connection, field
from gatelab.grpc_wire.metadata import request_block
from gatelab.grpc_wire.outcome import Closed, Status, status_of
from gatelab.grpc_wire.server_session import ServerCall, ServerSession, answer_block, unary
from gatelab.grpc_wire.status import StatusCode

BLOCK = request_block(path="/t.T/Do", authority="t.test", scheme="http")
GRPC = ((b":status", b"200"), (b"content-type", b"application/grpc"))


class Sink:
    """Keeps what it hears."""

    def __init__(self, take: bool = True) -> None:
        self.take = take
        self.headers: HeaderBlock = ()
        self.body = b""
        self.trailers: HeaderBlock = ()
        self.end: Closed | None = None

    def on_headers(self, block: HeaderBlock) -> None:
        self.headers = block

    def on_data(self, data: bytes) -> int:
        self.body += data
        return len(data) if self.take else 0

    def on_trailers(self, block: HeaderBlock) -> None:
        self.trailers = block

    def on_closed(self, closed: Closed) -> None:
        assert self.end is None, "closed twice"
        self.end = closed

    @property
    def status(self) -> Status:
        assert self.end is not None, "still open"
        return status_of(self.headers, self.trailers, self.end)


class Pair:
    """A client's session and a bare server connection, joined by hand."""

    def __init__(self, *, takes_all: bool = False) -> None:
        self.client = ClientSession(takes_all=takes_all)
        self.server = ngh2.Connection(ngh2.Role.SERVER)
        self.server.initiate_connection({ngh2.Setting.MAX_CONCURRENT_STREAMS: 100})
        self.events: list[ngh2.Event] = []
        self.move()

    def call(self, body: bytes = b"x") -> tuple[int, Sink]:
        sink = Sink()
        stream_id = self.client.open(BLOCK, sink)
        self.client.send(stream_id, framed(body), end=True)
        self.move()
        return stream_id, sink

    def move(self) -> None:
        for _ in range(8):
            if data := self.client.pending():
                self.server.receive_data(data)
                self.events += self.server.events()
            if data := self.server.data_to_send():
                self.client.receive(data)


def reset(code: int) -> Callable[[Pair, int], None]:
    return lambda pair, stream_id: pair.server.reset_stream(stream_id, code)


def respond(*fields: tuple[bytes, bytes]) -> Callable[[Pair, int], None]:
    return lambda pair, stream_id: pair.server.send_response(stream_id, fields, end_stream=True)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (reset(0x0), StatusCode.UNKNOWN, "without sending trailers"),
        (reset(0x1), StatusCode.INTERNAL, "RST_STREAM with error code: PROTOCOL_ERROR"),
        (reset(0x2), StatusCode.INTERNAL, "INTERNAL_ERROR"),
        (reset(0x7), StatusCode.UNAVAILABLE, "REFUSED_STREAM"),
        (reset(0x8), StatusCode.CANCELLED, "CANCEL"),
        (reset(0xB), StatusCode.RESOURCE_EXHAUSTED, "ENHANCE_YOUR_CALM"),
        (reset(0xC), StatusCode.PERMISSION_DENIED, "INADEQUATE_SECURITY"),
        (respond(*GRPC, (b"grpc-status", b"5"), (b"grpc-message", b"a%20b%zz")), StatusCode.NOT_FOUND, "a b%zz"),
        (respond(*GRPC, (b"grpc-status", b"99")), 99, ""),
        (respond(*GRPC, (b"grpc-status", b"x")), StatusCode.UNKNOWN, "malformed grpc-status"),
        (respond(*GRPC), StatusCode.UNKNOWN, "without sending trailers"),
        (respond((b":status", b"503")), StatusCode.UNAVAILABLE, "HTTP status code received from server: 503"),
        (respond((b":status", b"404")), StatusCode.UNIMPLEMENTED, "404 (Not Found)"),
        (respond((b":status", b"401")), StatusCode.UNAUTHENTICATED, "401"),
        (respond((b":status", b"403")), StatusCode.PERMISSION_DENIED, "403"),
        (respond((b":status", b"429")), StatusCode.UNAVAILABLE, "429"),
        (respond((b":status", b"400")), StatusCode.INTERNAL, "400"),
        (respond((b":status", b"500")), StatusCode.UNKNOWN, "500"),
        (respond((b":status", b"599")), StatusCode.UNKNOWN, "599 (?)"),
        (respond((b":status", b"503"), (b"grpc-status", b"8")), StatusCode.RESOURCE_EXHAUSTED, ""),
        (
            respond((b":status", b"200"), (b"content-type", b"text/html")),
            StatusCode.UNKNOWN,
            'content-type "text/html"',
        ),
    ],
)
def test_every_ending_has_its_status(answer: Callable[[Pair, int], None], code: int, words: str) -> None:
    pair = Pair()
    stream_id, sink = pair.call()
    answer(pair, stream_id)
    pair.move()
    assert sink.status.code == code
    assert words in sink.status.details


def test_only_a_refused_stream_may_be_sent_again() -> None:
    for code in range(0xE):
        pair = Pair()
        stream_id, sink = pair.call()
        pair.server.reset_stream(stream_id, code)
        pair.move()
        assert sink.end is not None
        assert sink.end.unprocessed == (code == 0x7)


def test_goaway_spares_what_was_processed() -> None:
    pair = Pair()
    first, served = pair.call()
    _, refused = pair.call()
    pair.server.send_goaway(0, last_stream_id=first, debug_data=b"max_age")
    pair.move()
    assert served.end is None
    assert refused.end is not None
    assert refused.end.unprocessed
    assert refused.status == (StatusCode.UNAVAILABLE, "the server sent GOAWAY (NO_ERROR, max_age)")
    assert not pair.client.accepting
    pair.server.send_response(first, (*GRPC, (b"grpc-status", b"0")), end_stream=True)
    pair.move()
    assert served.status == (StatusCode.OK, "")


def test_after_goaway_a_new_call_is_refused_here() -> None:
    pair = Pair()
    pair.server.send_shutdown_notice()
    pair.move()
    _, sink = pair.call()
    assert sink.end is not None
    assert sink.end.unprocessed


def test_calls_beyond_the_servers_limit_wait_their_turn() -> None:
    pair = Pair()
    pair.server.update_settings({ngh2.Setting.MAX_CONCURRENT_STREAMS: 1})
    pair.move()
    first, _ = pair.call()
    second, sink = pair.call()
    assert [e.stream_id for e in pair.events if isinstance(e, ngh2.RequestReceived)] == [first]
    pair.server.send_response(first, (*GRPC, (b"grpc-status", b"0")), end_stream=True)
    pair.move()
    assert [e.stream_id for e in pair.events if isinstance(e, ngh2.RequestReceived)] == [first, second]
    assert sink.end is None


def test_cancelled_calls_give_their_window_back() -> None:
    pair = Pair()
    for _ in range(20):
        sink = Sink(take=False)
        stream_id = pair.client.open(BLOCK, sink)
        pair.client.end(stream_id)
        pair.move()
        pair.server.send_response(stream_id, GRPC)
        pair.server.send_data(stream_id, bytes(1 << 20))
        pair.move()
        pair.client.cancel(stream_id)
        pair.client.acknowledge(stream_id, len(sink.body))
        pair.move()
        assert len(sink.body) == 1 << 20
    assert pair.server.remote_window_size > 1 << 21


def test_a_reader_that_does_not_read_stops_the_server() -> None:
    pair = Pair()
    sink = Sink(take=False)
    stream_id = pair.client.open(BLOCK, sink)
    pair.move()
    pair.server.send_response(stream_id, GRPC)
    pair.server.send_data(stream_id, bytes(3 << 20))
    pair.move()
    assert len(sink.body) == 1 << 20
    pair.client.acknowledge(stream_id, len(sink.body))
    pair.move()
    assert len(sink.body) == 2 << 20


def test_a_session_that_takes_all_keeps_no_server_waiting() -> None:
    pair = Pair(takes_all=True)
    for sink in (Sink(take=False), Sink(take=True)):
        stream_id = pair.client.request(BLOCK, framed(b"x"), sink)
        pair.move()
        pair.server.send_response(stream_id, GRPC)
        pair.server.send_data(stream_id, bytes(9 << 20))
        for _ in range(9):
            pair.move()
        assert len(sink.body) == 9 << 20  # the window of the connection is 8 MiB, that of a stream 1 MiB
    received = [event for event in pair.events if isinstance(event, ngh2.DataReceived)]
    assert [(event.data, event.end_stream) for event in received] == [(framed(b"x"), True)] * 2


@pytest.mark.parametrize("rubbish", [b"\xff" * 100, b"\x00\x00\x04\x08" + bytes(9), b"HTTP/1.1 400", b"\x15\x03\x01"])
def test_rubbish_ends_the_session_with_words(rubbish: bytes) -> None:
    session, sink = ClientSession(), Sink()
    session.open(BLOCK, sink)
    session.receive(rubbish)
    session.pending()
    assert session.over is not None
    assert sink.status.code == StatusCode.UNAVAILABLE
    session.receive(b"more")
    session.goodbye()
    assert session.pending() == b""


class Script:
    """Our server's session and a bare client connection."""

    def __init__(self, answer: Callable[[ServerCall, bytes], None]) -> None:
        self.server = ServerSession({b"/t.T/Do": unary(answer)}, lambda: None, max_message_bytes=1000)
        self.client = client_connection()
        self.responses: dict[int, HeaderBlock] = {}
        self.ends: dict[int, int] = {}

    def move(self) -> None:
        for _ in range(8):
            if data := self.client.data_to_send():
                self.server.receive(data)
            if data := self.server.pending():
                self.client.receive_data(data)
            for event in self.client.events():
                if isinstance(event, ngh2.ResponseReceived | ngh2.TrailersReceived):
                    self.responses[event.stream_id] = event.headers
                if isinstance(event, ngh2.StreamClosed):
                    self.ends[event.stream_id] = event.error_code


def echo(call: ServerCall, message: bytes) -> None:
    call.reply(framed(message), answer_block())


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({b":method": b"GET"}, b":status", b"405"),
        ({b"content-type": b"application/json"}, b":status", b"415"),
        ({b"content-type": b"application/grpc+proto"}, b"grpc-status", b"0"),
        ({b":path": b"/t.T/None"}, b"grpc-status", b"12"),
        ({b"grpc-encoding": b"br"}, b"grpc-status", b"0"),
    ],
)
def test_what_the_server_takes(changes: dict[bytes, bytes], name: bytes, value: bytes) -> None:
    script = Script(echo)
    stream_id = script.client.send_request(tuple((dict(BLOCK) | changes).items()))
    script.client.send_data(stream_id, framed(b"x"), end_stream=True)
    script.move()
    assert field(script.responses[stream_id], name) == value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", b"13"),
        (framed(b"a") + framed(b"b"), b"13"),
        (framed(b"abc")[:-1], b"13"),
        (framed(bytes(1001)), b"8"),
        (b"\x01\x00\x00\x00\x01z", b"12"),
    ],
)
def test_broken_bodies_are_statuses(body: bytes, code: bytes) -> None:
    script = Script(echo)
    stream_id = script.client.send_request(BLOCK)
    script.client.send_data(stream_id, body, end_stream=True)
    script.move()
    assert field(script.responses[stream_id], b"grpc-status") == code


def test_a_message_in_many_pieces() -> None:
    script = Script(echo)
    stream_id = script.client.send_request(BLOCK)
    for byte in framed(b"hello"):
        script.client.send_data(stream_id, bytes((byte,)))
        script.move()
    script.client.end_stream(stream_id)
    script.move()
    assert field(script.responses[stream_id], b"grpc-status") == b"0"


def test_a_call_reset_in_the_same_read_hurts_no_other() -> None:
    script = Script(echo)
    script.move()
    first = script.client.send_request(BLOCK)
    script.client.send_data(first, framed(b"x"), end_stream=True)
    data = script.client.data_to_send()
    script.client.reset_stream(first)
    second = script.client.send_request(BLOCK)
    script.client.send_data(second, framed(b"x"), end_stream=True)
    script.server.receive(data + script.client.data_to_send())
    script.move()
    assert field(script.responses[second], b"grpc-status") == b"0"
    assert script.server.open_calls == 0


def test_an_answer_after_the_client_has_gone_is_dropped() -> None:
    held: list[ServerCall] = []
    script = Script(lambda call, _message: held.append(call))
    stream_id = script.client.send_request(BLOCK)
    script.client.send_data(stream_id, framed(b"x"), end_stream=True)
    script.move()
    waited_for = held[0].alive
    script.client.reset_stream(stream_id)
    script.move()
    assert waited_for
    assert not held[0].alive
    held[0].reply(framed(b""), answer_block())
    held[0].finish(StatusCode.INTERNAL)
    script.server.lost()
    held[0].send(b"")
