"""The mode `udp`: every datagram is answered with itself and the pod's names, as JSON."""

import json
import socket
import sys
from collections.abc import Callable
from typing import Final

from gatelab.backends.echo.announcement import announce
from gatelab.backends.echo.settings import Settings
from gatelab.grpc_wire.poll_loop import READ, PollLoop
from gatelab.grpc_wire.poll_sockets import bound_socket

_LONGEST: Final = 65_535
_A_TURN: Final = 64
"""Datagrams taken at once, so that SIGTERM is heard in a flood."""


def start(loop: PollLoop, settings: Settings) -> Callable[[], None]:
    """Binds the port; what it returns ends the server.

    Raises:
        OSError: the port cannot be had.
    """
    server = bound_socket(settings.host, settings.plain_port, socket.SOCK_DGRAM)
    loop.watch(server.fileno(), READ, lambda _events: _answer_all(server, settings))
    announce("udp", server.getsockname()[1])
    return loop.stop


def _answer_all(server: socket.socket, settings: Settings) -> None:
    for _ in range(_A_TURN):
        try:
            data, client = server.recvfrom(_LONGEST)
        except OSError:  # nothing more, or the word of an answer that did not arrive
            return
        request = data.decode("utf-8", "replace")
        sys.stdout.write(f"Received UDP {request} from {client[0]}:{client[1]}\n")
        sys.stdout.flush()
        try:
            server.sendto(_answer(request, settings), client)
        except OSError as error:  # no room, or too long with the names: UDP promises nothing
            sys.stderr.write(f"echo: no answer to {client[0]}:{client[1]}: {error.strerror}\n")


def _answer(request: str, settings: Settings) -> bytes:
    found = {"request": request, **settings.pod._asdict()}
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
