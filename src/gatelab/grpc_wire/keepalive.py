"""PINGs that tell a quiet connection from a dead one (gRPC doc/keepalive.md, as grpc-go's client does it)."""

import asyncio
import time
from typing import Final

from gatelab.grpc_wire.transport import ClientProtocol

_NS_PER_S: Final = 1_000_000_000
NO_ANSWER: Final = "keepalive ping failed to receive ACK within timeout"
"""grpc-go's words, with which the calls end as UNAVAILABLE."""


class Keepalive:
    """Sends a PING when calls are out and nothing has come for `every_s`; ends the connection when nothing comes for
    `timeout_s` after it. It lasts as long as the connection, and its shortest `every_s` is the caller's to choose: a
    server of grpc-go takes more than two PINGs in five minutes without data for abuse, and sends GOAWAY.
    """

    def __init__(self, protocol: ClientProtocol, *, every_s: float, timeout_s: float) -> None:
        self._protocol = protocol
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(every_s, self._look)
        protocol.gone.add_done_callback(lambda _: self._timer.cancel())

    def _look(self) -> None:
        """Asks, if it is time to."""
        session = self._protocol.session
        left_s = self._every_s - self._quiet_s()
        if session.over is not None:
            return
        if left_s > 0 or not session.open_streams:
            self._timer = self._loop.call_later(left_s if left_s > 0 else self._every_s, self._look)
            return
        session.ping()
        self._protocol.touch()
        self._timer = self._loop.call_later(self._timeout_s, self._judge, self._protocol.arrived_ns)

    def _judge(self, arrived_ns: int) -> None:
        """Ends the connection unless something has come since the PING."""
        if self._protocol.arrived_ns == arrived_ns:
            self._protocol.give_up(NO_ANSWER)
        else:
            self._look()

    def _quiet_s(self) -> float:
        return (time.monotonic_ns() - self._protocol.arrived_ns) / _NS_PER_S
