"""HTTP/2: by prior knowledge, or agreed on by ALPN."""

from typing import TYPE_CHECKING

from gatelab.backends.echo.http_echo import Answer, Headers, HttpEcho, Request, canonical
from gatelab.grpc_wire.http2 import (
    INTERNAL_ERROR,
    NO_ERROR,
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    HeaderBlock,
    NGH2Error,
    RequestReceived,
    StreamClosed,
    TrailersReceived,
    server_connection,
)
from gatelab.grpc_wire.poll_sockets import Connection

if TYPE_CHECKING:
    from gatelab.backends.echo.tls import TlsFacts


class Http2Session:
    """One connection; a request is answered when its body is complete."""

    def __init__(self, connection: Connection, echo: HttpEcho, tls: "TlsFacts | None", peer: str) -> None:
        self.over = False
        self._connection = connection
        self._echo = echo
        self._tls = tls
        self._peer = peer
        self._http2 = server_connection()
        self._waiting: dict[int, HeaderBlock | None] = {}
        """Open streams: the headers of requests that are not complete, None for those to be answered."""
        self._draining = False
        self._broken = False

    def receive(self, data: bytes) -> None:
        if self.over:
            return
        try:
            self._http2.receive_data(data)
            self._dispatch()
        except NGH2Error:
            self._broken = self.over = True

    def pending(self) -> bytes:
        if self._broken:
            return b""
        data = self._http2.data_to_send()
        self._dispatch()
        return data

    def announce_drain(self) -> None:
        if not self.over:
            self._http2.send_shutdown_notice()

    def drain(self) -> None:
        self._draining = True
        if not self.over:
            self._http2.send_goaway(NO_ERROR)
            self.over = not self._waiting

    def lost(self) -> None:
        self.over = self._broken = True

    def _dispatch(self) -> None:
        for event in self._http2.events():
            if isinstance(event, RequestReceived):
                self._waiting[event.stream_id] = event.headers
                self._complete(event.stream_id, event.end_stream)
            elif isinstance(event, DataReceived):
                if event.data:
                    self._acknowledge(event.stream_id, len(event.data))
                self._complete(event.stream_id, event.end_stream)
            elif isinstance(event, TrailersReceived):
                self._complete(event.stream_id, True)
            elif isinstance(event, StreamClosed):
                self._waiting.pop(event.stream_id, None)
                self.over = self.over or (self._draining and not self._waiting)
            elif isinstance(event, ConnectionClosed) or (isinstance(event, GoAwayReceived) and not self._waiting):
                self.over = True

    def _acknowledge(self, stream_id: int, amount: int) -> None:
        try:
            self._http2.acknowledge_received_data(amount, stream_id)
        except NGH2Error:  # the connection has ended with this very read
            return

    def _complete(self, stream_id: int, end: bool) -> None:
        block = self._waiting.get(stream_id) if end else None
        if block is None:
            return
        self._waiting[stream_id] = None
        request = self._read(block)
        answer = self._echo.answer(request)
        if answer.delay_ns:
            loop = self._connection.loop
            loop.call_at(loop.turn_ns + answer.delay_ns, lambda: self._send(stream_id, answer, request.method))
        else:
            self._send(stream_id, answer, request.method)

    def _send(self, stream_id: int, answer: Answer, method: str) -> None:
        if self._broken or stream_id not in self._waiting:
            return
        block = [(b":status", b"%d" % answer.status)]
        block += [(name.lower().encode("ascii"), value.encode("utf-8")) for name, value in answer.headers]
        body = answer.body_for(method)
        if answer.may_have_length:
            block.append((b"content-length", b"%d" % len(answer.body)))
        try:
            if answer.reset:  # a stream is all that can be broken without breaking the others
                self._http2.reset_stream(stream_id, INTERNAL_ERROR)
            else:
                self._http2.send_response(stream_id, block, end_stream=not body)
                if body:
                    self._http2.send_data(stream_id, body, end_stream=True)
        except NGH2Error:  # reset by the client in the read that is being worked through
            return
        self._connection.touch()

    def _read(self, block: HeaderBlock) -> Request:
        headers: Headers = {}
        pseudo: dict[str, str] = {}
        for name, value in block:
            text = value.decode("utf-8", "replace")
            if name.startswith(b":"):
                pseudo[name.decode("ascii", "replace")] = text
            else:
                headers.setdefault(canonical(name.decode("ascii", "replace")), []).append(text)
        if len(cookies := headers.get("Cookie", [])) > 1:  # crumbs of one field (RFC 9113, 8.2.3)
            headers["Cookie"] = ["; ".join(cookies)]
        host = headers.pop("Host", [""])[0]
        return Request(
            uri=pseudo.get(":path", ""),
            host=pseudo.get(":authority") or host,
            method=pseudo.get(":method", ""),
            proto="HTTP/2.0",
            headers=headers,
            peer=self._peer,
            tls=self._tls,
        )
