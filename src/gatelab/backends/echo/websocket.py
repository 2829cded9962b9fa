"""`/ws`: every message comes back as it was, text or binary (RFC 6455, on wsproto)."""

import wsproto
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError


class HandshakeError(Exception):
    """A request that cannot become a WebSocket; the text says why."""


class WebSocketSession:
    """An upgraded connection, from the request's headers on.

    Raises:
        HandshakeError: the request is not a proper handshake.
    """

    def __init__(self, headers: list[tuple[bytes, bytes]], target: bytes) -> None:
        self.over = False
        self._ws = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        try:
            self._ws.initiate_upgrade_connection(headers, target.decode("ascii", "replace"))
        except (RemoteProtocolError, UnicodeDecodeError) as error:  # wsproto takes its headers to be ASCII
            raise HandshakeError(str(error)) from error
        list(self._ws.events())  # the handshake's own
        self._unsent = [self._ws.send(AcceptConnection())]
        self._text = ""
        self._bytes = b""

    def receive(self, data: bytes) -> None:
        if self.over or not data:
            return
        self._ws.receive_data(data)
        for event in self._ws.events():
            if not self.over:
                self._take(event)

    def pending(self) -> bytes:
        data = b"".join(self._unsent)
        self._unsent.clear()
        return data

    def close(self) -> None:
        """Says that this end goes away."""
        if not self.over:
            self._say(CloseConnection(code=CloseReason.GOING_AWAY))
            self.over = True

    def _take(self, event: Event) -> None:
        """One event. A message may come in parts, and goes back in one."""
        if isinstance(event, Ping):
            self._say(event.response())
        elif isinstance(event, CloseConnection):  # the client's, or what wsproto says to a client that breaks the rules
            self._say(event.response())
            self.over = True
        elif isinstance(event, TextMessage):
            self._text += event.data
            if event.message_finished:
                self._say(TextMessage(data=self._text))
                self._text = ""
        elif isinstance(event, BytesMessage):
            self._bytes += event.data
            if event.message_finished:
                self._say(BytesMessage(data=self._bytes))
                self._bytes = b""

    def _say(self, event: Event) -> None:
        self._unsent.append(self._ws.send(event))
