"""DNS on sockets: a datagram a query, or TCP with the length before each message (RFC 1035, 4.2)."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Final

from gatelab.backends.coredns.answering import Client, Zones
from gatelab.grpc_wire.plain_session import PlainSession
from gatelab.grpc_wire.poll_loop import READ, PollLoop
from gatelab.grpc_wire.poll_sockets import Connection, PollSockets, bound_socket

_LONGEST: Final = 65_535
_A_TURN: Final = 64
_DRAIN_S: Final = 5.0


def start(loop: PollLoop, host: str, ports: dict[int, Zones]) -> Callable[[], None]:
    """Binds the ports, UDP and TCP; what it returns ends the server.

    Raises:
        OSError: a port cannot be had.
    """
    tcp = PollSockets(loop)
    for port, zones in ports.items():
        bound = tcp.serve(host, port, partial(_Stream, zones))
        udp = bound_socket(host, bound, socket.SOCK_DGRAM)
        loop.watch(udp.fileno(), READ, partial(_answer_all, udp, zones))
    return lambda: tcp.drain(_DRAIN_S)


def _answer_all(server: socket.socket, zones: Zones, _events: int) -> None:
    for _ in range(_A_TURN):
        try:
            query, client = server.recvfrom(_LONGEST)
            if answer := zones.answer(query, Client(client[0], client[1], "udp")):
                server.sendto(answer, client)
        except OSError:  # nothing more, or a client that has gone: it asks again
            return


class _Stream(PlainSession):
    """One TCP connection."""

    def __init__(self, zones: Zones, connection: Connection) -> None:
        super().__init__()
        self._zones = zones
        self._connection = connection
        self._partial = b""

    def receive(self, data: bytes) -> None:
        peer = self._connection.peer
        if peer is None:
            self.over = True
            return
        data = self._partial + data
        while len(data) >= 2 and len(data) >= (end := 2 + int.from_bytes(data[:2], "big")):
            answer = self._zones.answer(data[2:end], Client(*peer, "tcp"))
            self.unsent.append(len(answer).to_bytes(2, "big") + answer if answer else b"")
            data = data[end:]
        self._partial = data
