"""The echo image's WebSocket, TCP and UDP."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import wsproto
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

HOST = "127.27.0.3"


class WebSocketClient:
    """wsproto on a socket."""

    def __init__(self, raw: socket.socket, **request: Any) -> None:
        self._raw = raw
        self._ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._events = self._read()
        self.send(Request(host="echo", target="/ws", **request))

    def send(self, *events: Event) -> None:
        self._raw.sendall(b"".join(self._ws.send(event) for event in events))

    def next(self) -> Event:
        return next(self._events)

    def _read(self) -> Iterator[Event]:
        while data := self._raw.recv(1 << 16):
            self._ws.receive_data(data)
            yield from self._ws.events()


@pytest.fixture
def echo(start_echo: Any) -> Any:
    return start_echo("http", "h2c")


def test_websocket_messages_come_back(echo: Any) -> None:
    with echo.connect("http") as raw:
        client = WebSocketClient(raw, extra_headers=[(b"Origin", b"https://example.com")])
        assert isinstance(client.next(), AcceptConnection)
        client.send(TextMessage(data="hällo"), BytesMessage(data=b"\0\xff"), Ping(payload=b"p"))
        assert [client.next() for _ in range(3)] == [
            TextMessage(data="hällo"),
            BytesMessage(data=bytearray(b"\0\xff")),
            Pong(payload=bytearray(b"p")),  # type: ignore[arg-type]
        ]
        client.send(TextMessage(data="in ", message_finished=False), TextMessage(data="parts"))
        assert client.next() == TextMessage(data="in parts")
        client.send(CloseConnection(code=1000))
        assert client.next() == CloseConnection(code=1000, reason="")
        assert raw.recv(1) == b""


def test_a_websocket_is_told_of_the_end(echo: Any) -> None:
    with echo.connect("http") as raw:
        client = WebSocketClient(raw)
        assert isinstance(client.next(), AcceptConnection)
        echo.process.terminate()
        assert client.next() == CloseConnection(code=1001, reason="")
    assert echo.process.wait(timeout=10) == 0


def test_what_is_no_websocket_is_refused(echo: Any) -> None:
    for connection in (b"Upgrade", b"Upgrade, \x9b"):
        with echo.connect("http") as raw:
            raw.sendall(b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: %b\r\n\r\n" % connection)
            assert raw.recv(1000).startswith(b"HTTP/1.1 400 ")
    with echo.connect("http") as raw:
        client = WebSocketClient(raw)
        assert isinstance(client.next(), AcceptConnection)
        raw.sendall(b"\xff" * 20)
        assert isinstance(client.next(), CloseConnection)
    with echo.connect("h2c") as raw:
        assert isinstance(WebSocketClient(raw).next(), RejectConnection)


def test_tcp_answers_its_commands(start_echo: Any) -> None:
    echo = start_echo("tcp", TCP_ECHO_SERVER="1", SERVICE_NAME="till")
    with echo.connect("tcp") as raw, raw.makefile("rwb") as lines:
        assert lines.readline() == b"Gateway API Test TCP Server\n"
        lines.write(b"PING\nnothing\nIS_TLS\r\nTE")
        lines.flush()
        assert [lines.readline(), lines.readline()] == [b"PONG\n", b"false\n"]
        lines.write(b"ST\n")
        lines.flush()
        found = json.loads(lines.readline())
        assert found == {
            "namespace": "shop",
            "ingress": "",
            "service": "till",
            "pod": "echo-1",
            "tcpport": "0",
            "tlsport": "0",
            "isTLS": False,
        }
        echo.process.terminate()
        assert lines.readline() == b""
    assert echo.process.wait(timeout=10) == 0


def test_a_line_without_an_end_is_not_kept(start_echo: Any) -> None:
    echo = start_echo("tcp", TCP_ECHO_SERVER="1")
    with echo.connect("tcp") as raw:
        raw.sendall(b"x" * 100_000)
        with raw.makefile("rb") as lines:
            assert lines.read() == b"Gateway API Test TCP Server\n"


def test_udp_answers_every_datagram(start_echo: Any) -> None:
    echo = start_echo("udp", UDP_ECHO_SERVER="1", SERVICE_NAME="till")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.settimeout(5)
        raw.connect((HOST, echo.ports["udp"]))
        for message in (b"hello", b"", b"\xff", "ü".encode()):
            raw.send(message)
            found = json.loads(raw.recv(1 << 16))
            assert found.pop("request") == message.decode("utf-8", "replace")
            assert found == {"namespace": "shop", "ingress": "", "service": "till", "pod": "echo-1"}
        assert echo.next_line().startswith("Received UDP hello from 127.0.0.1:")
    assert echo.terminate() == 0
