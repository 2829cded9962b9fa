"""HTTP/1.1 on h11, and the way into WebSocket."""

from typing import TYPE_CHECKING, Final

import h11

from gatelab.backends.echo.http_echo import Answer, Headers, HttpEcho, Request, canonical
from gatelab.grpc_wire.poll_sockets import Connection

if TYPE_CHECKING:
    from gatelab.backends.echo.tls import TlsFacts
    from gatelab.backends.echo.websocket import WebSocketSession

_OF_THE_MESSAGE: Final = frozenset({"Host", "Transfer-Encoding", "Trailer"})
"""Go takes these out of a request's headers."""


class Http1Session:
    """One connection. Requests that come early wait for the answers before them."""

    def __init__(
        self, connection: Connection, echo: HttpEcho, tls: "TlsFacts | None", peer: str, refuse: str = ""
    ) -> None:
        """`refuse`: what every request is told, with 400, that does not ask for an upgrade to h2c."""
        self.over = False
        self._connection = connection
        self._echo = echo
        self._tls = tls
        self._refuse = refuse
        self._peer = peer
        self._h11 = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._unsent: list[bytes] = []
        self._draining = False
        self._lost = False
        self._upgraded: WebSocketSession | None = None

    def receive(self, data: bytes) -> None:
        if self._upgraded is not None:
            self._upgraded.receive(data)
            self.over = self._upgraded.over
        elif not self.over:
            self._h11.receive_data(data)
            self._work()

    def pending(self) -> bytes:
        if self._upgraded is not None:
            self._unsent.append(self._upgraded.pending())
        data = b"".join(self._unsent)
        self._unsent.clear()
        return data

    def announce_drain(self) -> None:
        self._draining = True

    def drain(self) -> None:
        if self._upgraded is not None:
            self._upgraded.close()
            self.over = True
        elif self._h11.our_state is h11.IDLE and not self._h11.trailing_data[0]:
            self.over = True

    def lost(self) -> None:
        self._lost = True

    def _work(self) -> None:
        """Takes whole requests as long as there are some."""
        try:
            while not self.over and self._upgraded is None:
                event = self._h11.next_event()
                if isinstance(event, h11.Request):
                    self._request = event
                    if self._h11.they_are_waiting_for_100_continue:
                        self._say(h11.InformationalResponse(status_code=100, headers=[]))
                elif isinstance(event, h11.EndOfMessage):
                    self._answer()
                elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                    return
        except h11.RemoteProtocolError as error:
            self._refuse_broken(error)

    def _answer(self) -> None:
        assert self._request is not None
        request = self._read(self._request)
        upgrade = request.headers.get("Upgrade", [""])[0].lower()
        if request.path == "/ws" and upgrade == "websocket" and not self._refuse:
            self._begin_websocket(self._request)
            return
        if self._refuse and upgrade != "h2c":
            answer = Answer(400, body=self._refuse.encode())
        else:
            answer = self._echo.answer(request)
        if answer.delay_ns:
            loop = self._connection.loop
            loop.call_at(loop.turn_ns + answer.delay_ns, lambda: self._send(answer))
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if self._lost or self._request is None:
            return
        if answer.reset:
            self._connection.abort()
            return
        headers = list(answer.headers)
        if answer.may_have_length:
            headers.append(("Content-Length", str(len(answer.body))))
        if self._draining:
            headers.append(("Connection", "close"))
        encoded = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
        self._say(h11.Response(status_code=answer.status, headers=encoded))
        if body := answer.body_for(self._request.method.decode("ascii")):
            self._say(h11.Data(data=body))
        self._say(h11.EndOfMessage())
        self._next()

    def _next(self) -> None:
        """The connection's next request, if it has one; else it is over."""
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._work()
        else:
            self.over = True
        self._connection.touch()

    def _say(self, event: h11.Event) -> None:
        self._unsent.append(self._h11.send(event) or b"")
        self._connection.touch()

    def _refuse_broken(self, error: h11.RemoteProtocolError) -> None:
        """A message that is not HTTP ends the connection, if possible with words."""
        if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            words = str(error).encode()
            fields = [("Content-Length", str(len(words))), ("Connection", "close")]
            self._say(h11.Response(status_code=error.error_status_hint, headers=fields))
            self._say(h11.Data(data=words))
            self._say(h11.EndOfMessage())
        self.over = True

    def _begin_websocket(self, request: h11.Request) -> None:
        from gatelab.backends.echo.websocket import HandshakeError, WebSocketSession  # few ask for it

        try:
            self._upgraded = WebSocketSession(list(request.headers), request.target)
        except HandshakeError as error:
            self._send(Answer(400, body=str(error).encode()))
            return
        self._upgraded.receive(self._h11.trailing_data[0])
        self._connection.touch()

    def _read(self, request: h11.Request) -> Request:
        headers: Headers = {}
        host = ""
        for name, value in request.headers:
            key = canonical(name.decode("ascii"))
            if key == "Host":
                host = value.decode("utf-8", "replace")
            if key not in _OF_THE_MESSAGE:
                headers.setdefault(key, []).append(value.decode("utf-8", "replace"))
        return Request(
            uri=request.target.decode("ascii", "replace"),
            host=host,
            method=request.method.decode("ascii"),
            proto=f"HTTP/{request.http_version.decode('ascii')}",
            headers=headers,
            peer=self._peer,
            tls=self._tls,
        )
