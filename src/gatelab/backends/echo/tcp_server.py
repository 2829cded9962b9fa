"""The mode `tcp`: a banner, then an answer to each line that is a command; with TLS too if there is a certificate."""

import json
from collections.abc import Callable
from typing import Final

from gatelab.backends.echo.announcement import announce
from gatelab.backends.echo.settings import Settings
from gatelab.grpc_wire.plain_session import PlainSession
from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.poll_sockets import Connection, PollSockets

_BANNER: Final = b"Gateway API Test TCP Server\n"
_LONGEST_LINE: Final = 64 * 1024
_DRAIN_S: Final = 5.0


def start(loop: PollLoop, settings: Settings) -> Callable[[], None]:
    """Binds the ports; what it returns ends the server.

    Raises:
        OSError: a port cannot be had, or a file is not what TLS needs.
    """
    server = PollSockets(loop)
    port = server.serve(settings.host, settings.plain_port, lambda each: _Lines(each, settings, tls=False))
    announce("tcp", port)
    if settings.has_tls:
        from gatelab.backends.echo.tls import server_context  # loads ssl

        context = server_context(settings, ())
        port = server.serve(settings.host, settings.tls_port, lambda each: _Lines(each, settings, tls=True), context)
        announce("tls", port)
    return lambda: server.drain(_DRAIN_S)


class _Lines(PlainSession):
    """One connection. PING, IS_TLS and TEST are answered, other lines are not."""

    def __init__(self, connection: Connection, settings: Settings, *, tls: bool) -> None:
        super().__init__()
        self._connection = connection
        self._settings = settings
        self._tls = tls
        self._partial = b""
        self.unsent.append(_BANNER)

    def receive(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self.unsent.append(self._answer(line.removesuffix(b"\r")))
        self.over = self.over or len(self._partial) > _LONGEST_LINE

    def _answer(self, line: bytes) -> bytes:
        match line:
            case b"PING":
                return b"PONG\n"
            case b"IS_TLS":
                return b"true\n" if self._tls else b"false\n"
            case b"TEST":
                return json.dumps(self._assertions(), separators=(",", ":")).encode() + b"\n"
        return b""

    def _assertions(self) -> dict[str, object]:
        found: dict[str, object] = {
            **self._settings.pod._asdict(),
            "tcpport": str(self._settings.plain_port),
            "tlsport": str(self._settings.tls_port),
            "isTLS": self._tls,
        }
        if self._tls:
            from gatelab.backends.echo.tls import facts

            if (agreed := facts(self._connection.socket)) is not None:
                found["tls"] = {
                    "version": agreed.version.replace("TLSv", "TLS "),
                    "serverName": agreed.server_name,
                    "cipherSuite": agreed.cipher_suite,
                }
        return found
