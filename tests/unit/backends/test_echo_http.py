"""The echo image's HTTP/1.1 and HTTP/2, asked by httpx2 and by libnghttp2."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gatelab.grpc_wire.http2 import (
    DataReceived,
    HeaderBlock,
    ResponseReceived,
    StreamClosed,
    StreamReset,
    client_connection,
)

HOST = "127.27.0.3"
PLAIN = ("http", "h2c")


@pytest.fixture
def echo(start_echo: Any) -> Any:
    return start_echo(*PLAIN)


@pytest.fixture
def client(echo: Any) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"http://{HOST}:{echo.ports['http']}", timeout=5) as client:
        yield client


def test_a_request_comes_back_as_json(start_echo: Any) -> None:
    echo = start_echo(*PLAIN, INGRESS_NAME="envoy", SERVICE_NAME="till")
    url = f"http://{HOST}:{echo.ports['http']}/a%20b//c?q=1&q=2"
    headers = [("x-two", "1"), ("X-TWO", "2"), ("Host", "shop.example"), ("User-Agent", "me")]
    with httpx2.Client(headers={}) as client:
        answer = client.request("PUT", url, headers=headers, content=b"body")
    found = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert list(found) == ["path", "host", "method", "proto", "headers", "httpPort", *POD]
    assert {name: found[name] for name in POD} == POD | {"ingress": "envoy", "service": "till"}
    assert (found["path"], found["host"]) == ("/a%20b//c?q=1&q=2", "shop.example")
    assert (found["method"], found["proto"], found["httpPort"]) == ("PUT", "HTTP/1.1", "0")
    assert (found["headers"]["X-Two"], found["headers"]["Content-Length"]) == (["1", "2"], ["4"])
    assert "Host" not in found["headers"]
    assert answer.text.startswith('{\n "path": "/a%20b//c?q=1&q=2",\n "host"')


POD = {"namespace": "shop", "ingress": "", "service": "", "pod": "echo-1"}


def test_every_echo_is_logged_as_the_mirror_tests_read_it(echo: Any, client: httpx2.Client) -> None:
    client.get("/mirror?x=1")
    line = echo.next_line()
    assert line.startswith("Echoing back request made to /mirror?x=1 to client (127.0.0.1:"), line
    client.get("/health")
    client.get("/last")
    assert "made to /last to client" in echo.next_line()


def test_response_headers_are_set_as_asked(client: httpx2.Client) -> None:
    asked = [("X-Echo-Set-Header", "x-a: 1,X-B:two words,x-a:2, not a name:3"), ("X-Echo-Set-Header", "x-c:4,x-a:5")]
    asked.append(("X-Echo-Set-Header", "content-length:1,Content-Type:no,Upgrade:h2c,bare"))
    answer = client.get("/", headers=asked)
    assert [answer.headers[name] for name in ("x-a", "x-b", "x-c", "bare")] == ["1,2,5", "two words", "4", ""]
    assert answer.headers["content-type"] == "application/json"
    assert "upgrade" not in answer.headers
    assert (b"X-B", b"two words") in answer.headers.raw


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/health", 200, "OK"),
        ("/status/404", 404, ""),
        ("/status/204", 204, ""),
        ("/status/999", 999, ""),
        ("/status/404?x=1", 400, ""),
        ("/status/abc", 400, ""),
        ("/status/100", 400, ""),
        ("/ws", 400, "not a WebSocket handshake"),
        ("/retry/", 400, "uuid is required"),
        ("/retry/?uuid=a", 400, "succeedAfter is required"),
        ("/?delay=soon", 500, '{"message": "time: invalid duration \\"soon\\""}'),
        ("/retry/?uuid=a&succeedAfter=1&delayRetry=x", 500, '{"message": "time: invalid duration \\"x\\""}'),
        ("/retry/?uuid=a&succeedAfter=1&responseCode=7", 400, "responseCode must be 200 to 999"),
    ],
)
def test_special_paths(client: httpx2.Client, path: str, status: int, text: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (status, text)
    assert client.get("/health").status_code == 200


def test_methods_whose_answers_have_no_body(echo: Any, client: httpx2.Client) -> None:
    head = client.head("/health")
    assert (head.headers["content-length"], head.content) == ("2", b"")
    with echo.connect("http") as raw:
        raw.sendall(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET /health HTTP/1.0\r\n\r\n")
        answered = everything(raw)
    assert (answered[:12], answered[-2:]) == (b"HTTP/1.1 405", b"OK")


def test_a_delay_is_waited_for_and_holds_nobody_up(echo: Any, client: httpx2.Client) -> None:
    begun = time.monotonic()
    with echo.connect("http") as raw:
        # The second request is here before the first is answered, and is answered after it.
        raw.sendall(
            b"GET /1?delay=200ms HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert client.get("/").status_code == 200
        answered = everything(raw)
    assert time.monotonic() - begun >= 0.2
    assert answered.index(b'"path": "/1?delay=200ms"') < answered.index(b'"path": "/2"')


def test_a_retried_request_succeeds_in_the_end(client: httpx2.Client) -> None:
    for _ in range(2):
        with pytest.raises(httpx2.TransportError):  # a reset
            client.get("/retry/?uuid=a&succeedAfter=2")
    assert client.get("/retry/?uuid=a&succeedAfter=2").json()["path"] == "/retry/?uuid=a&succeedAfter=2"
    begun = time.monotonic()
    codes = [client.get("/retry/?uuid=b&succeedAfter=1&responseCode=503&delayRetry=100ms").status_code for _ in "12"]
    assert codes == [503, 200]
    assert time.monotonic() - begun >= 0.1


def test_a_reset_is_one(echo: Any) -> None:
    with echo.connect("http") as raw:
        raw.sendall(b"GET /retry/?uuid=r&succeedAfter=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


def test_what_is_not_http_is_told_so_and_ended(echo: Any) -> None:
    with echo.connect("http") as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert everything(raw).startswith(b"HTTP/1.1 400 ")


def test_expect_100_continue(echo: Any) -> None:
    with echo.connect("http") as raw:
        raw.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 100 ")
        raw.sendall(b"hi")
        assert everything(raw).startswith(b"HTTP/1.1 200 ")


def test_the_h2c_port_wants_prior_knowledge_or_an_upgrade(echo: Any) -> None:
    url = f"http://{HOST}:{echo.ports['h2c']}/"
    refused = httpx2.get(url)
    assert (refused.status_code, refused.text) == (400, "Expected h2c request")
    assert httpx2.get(url, headers={"Upgrade": "h2c"}).json()["proto"] == "HTTP/1.1"
    block, body = http2_request(echo, "GET", "/x?y=1", ((b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-one", b"1")))
    found = json.loads(body)
    assert (b":status", b"200") in block
    assert (found["proto"], found["host"], found["path"]) == ("HTTP/2.0", "shop.example", "/x?y=1")
    assert found["headers"] == {"Cookie": ["a=1; b=2"], "X-One": ["1"]}
    assert http2_request(echo, "HEAD", "/health")[0][0] == (b":status", b"200")
    assert http2_request(echo, "GET", "/status/418") == (((b":status", b"418"), (b"content-length", b"0")), b"")


def test_the_preface_may_come_in_pieces(echo: Any) -> None:
    assert http2_request(echo, "GET", "/status/200", piece=5)[0][0] == (b":status", b"200")


def http2_request(
    echo: Any, method: str, path: str, more: HeaderBlock = (), *, piece: int = 1 << 16
) -> tuple[HeaderBlock, bytes]:
    """The response's header block and body."""
    client = client_connection()
    asked = ((b":method", method.encode()), (b":scheme", b"http"), (b":authority", b"shop.example"))
    stream_id = client.send_request((*asked, (b":path", path.encode()), *more), end_stream=True)
    block: HeaderBlock = ()
    body = b""
    with echo.connect("h2c") as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = client.data_to_send()
        for at in range(0, len(data), piece):
            raw.sendall(data[at : at + piece])
        while True:
            client.receive_data(raw.recv(1 << 16))
            for event in client.events():
                if isinstance(event, ResponseReceived):
                    block = tuple(event.headers)
                elif isinstance(event, DataReceived):
                    body += event.data
                elif isinstance(event, StreamReset | StreamClosed) and event.stream_id == stream_id:
                    return block, body


@pytest.mark.parametrize("port", ["http", "h2c"])
def test_sigterm_lets_requests_in_flight_finish(echo: Any, port: str) -> None:
    answers: list[int] = []

    def ask() -> None:
        if port == "http":
            answers.append(httpx2.get(f"http://{HOST}:{echo.ports['http']}/?delay=500ms").status_code)
        else:
            answers.append(int(http2_request(echo, "GET", "/?delay=500ms")[0][0][1]))

    asking = threading.Thread(target=ask)
    with echo.connect("http") as idle:
        asking.start()
        assert "delay=500ms" in echo.next_line()
        echo.process.terminate()
        assert idle.recv(1) == b""
    assert echo.process.wait(timeout=10) == 0
    asking.join(timeout=5)
    assert answers == [200]


def everything(raw: socket.socket) -> bytes:
    found = b""
    while data := raw.recv(1 << 16):
        found += data
    return found
