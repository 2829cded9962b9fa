"""What is answered to an HTTP request, whichever version it came in."""

import json
import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from gatelab.backends.echo.durations import parsed_duration_ns
from gatelab.backends.echo.settings import Pod

if TYPE_CHECKING:
    from gatelab.backends.echo.tls import TlsFacts

Headers = dict[str, list[str]]

_STATUS: Final = re.compile(r"/status/([2-9][0-9]{2})")
_TOKEN: Final = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OF_THE_CONNECTION: Final = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that the connection is run by; HTTP/2 forbids most of them (RFC 9113, 8.2.2)."""
_LONGEST_DELAY_NS: Final = 24 * 3600 * 10**9
_JSON: Final = (("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"))


class Request(NamedTuple):
    """A request, its body left out. Names of headers are spelled as Go does (`canonical`); Host is not among them."""

    uri: str
    host: str
    method: str
    proto: str
    headers: Headers
    peer: str
    """The client's address and port."""
    tls: "TlsFacts | None" = None

    @property
    def path(self) -> str:
        return unquote(self.uri.partition("?")[0]).replace("//", "/")

    def query(self, name: str) -> str:
        """The first value of a parameter; empty without one."""
        return next((value for key, value in parse_qsl(self.uri.partition("?")[2], True) if key == name), "")


class Answer(NamedTuple):
    """A response, to be sent after a time. `reset`: the connection is to be broken instead."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay_ns: int = 0
    reset: bool = False

    def body_for(self, method: str) -> bytes:
        """What is sent of the body (RFC 9110, 6.4.1)."""
        return b"" if method == "HEAD" or not self.may_have_length else self.body

    @property
    def may_have_length(self) -> bool:
        return self.status not in (204, 304)


class HttpEcho:
    """The paths of echo-basic. `attempts` of `/retry/` are kept for as long as the pod runs."""

    def __init__(self, pod: Pod, http_port: int) -> None:
        self._pod = pod
        self._http_port = str(http_port)
        self._attempts: dict[str, int] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request of any path."""
        path = request.path
        if request.method == "CONNECT":  # nothing is tunnelled
            return Answer(405)
        if path == "/health":
            return Answer(200, (("Content-Type", "text/plain; charset=utf-8"),), b"OK")
        if path.startswith("/status/"):
            found = _STATUS.fullmatch(request.uri)
            return Answer(int(found[1]) if found else 400)
        if path.startswith("/retry/"):
            return self._retried(request)
        if path == "/ws":
            return _refused("not a WebSocket handshake")
        return self.echo(request)

    def echo(self, request: Request) -> Answer:
        """The request as JSON, after `?delay`, with the headers that X-Echo-Set-Header asks for."""
        sys.stdout.write(f"Echoing back request made to {request.uri} to client ({request.peer})\n")
        sys.stdout.flush()
        try:
            delay_ns = _delay_ns(request, "delay")
        except ValueError as error:
            return _failed(str(error))
        found = {
            "path": request.uri,
            "host": request.host,
            "method": request.method,
            "proto": request.proto,
            "headers": dict(sorted(request.headers.items())),
            "httpPort": self._http_port,
            **self._pod._asdict(),
        }
        if request.tls is not None:
            found["tls"] = _tls(request.tls)
        body = json.dumps(found, indent=1, ensure_ascii=False).encode("utf-8", "replace")
        return Answer(200, (*_asked_headers(request.headers), *_JSON), body, delay_ns)

    def _retried(self, request: Request) -> Answer:
        """Fails until a `uuid` has been seen `succeedAfter` times: by a reset, or with `responseCode`."""
        uuid, wanted = request.query("uuid"), _integer(request.query("succeedAfter"))
        if not uuid:
            return _refused("uuid is required")
        if wanted is None:
            return _refused("succeedAfter is required")
        if self._attempts.get(uuid, 0) >= wanted:
            return self.echo(request)
        self._attempts[uuid] = self._attempts.get(uuid, 0) + 1
        try:
            delay_ns = _delay_ns(request, "delayRetry")
        except ValueError as error:
            return _failed(str(error))
        code = _integer(request.query("responseCode"))
        if code is None:
            return Answer(500, reset=True, delay_ns=delay_ns)
        return Answer(code, delay_ns=delay_ns) if 200 <= code <= 999 else _refused("responseCode must be 200 to 999")


def canonical(name: str) -> str:
    """A header's name as Go writes it: `X-Request-Id`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _asked_headers(headers: Headers) -> tuple[tuple[str, str], ...]:
    """`X-Echo-Set-Header: name:value,name:value`; values of one name are joined. What is no header is left out."""
    found: dict[str, str] = {}
    for each in headers.get("X-Echo-Set-Header", ()):
        for pair in each.split(","):
            name, _, value = pair.strip().partition(":")
            value = _UNPRINTABLE.sub("", value).strip()
            if _TOKEN.fullmatch(name) and name.lower() not in _OF_THE_CONNECTION:
                found[name] = f"{found[name]},{value}" if name in found else value
    ours = {name for name, _ in _JSON}
    return tuple((name, value) for name, value in found.items() if name not in ours)


def _tls(facts: "TlsFacts") -> dict[str, object]:
    found: dict[str, object] = {"version": facts.version}
    if facts.peer_certificates:
        found["peerCertificates"] = list(facts.peer_certificates)
    found["serverName"] = facts.server_name
    if facts.negotiated_protocol:
        found["negotiatedProtocol"] = facts.negotiated_protocol
    return {**found, "cipherSuite": facts.cipher_suite}


def _delay_ns(request: Request, name: str) -> int:
    text = request.query(name)
    return min(max(0, parsed_duration_ns(text)), _LONGEST_DELAY_NS) if text else 0


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _refused(words: str) -> Answer:
    return Answer(400, (("Content-Type", "text/plain; charset=utf-8"),), words.encode())


def _failed(words: str) -> Answer:
    """An error in the original's form; its status is the original's too."""
    return Answer(500, _JSON, json.dumps({"message": words}, ensure_ascii=False).encode())
