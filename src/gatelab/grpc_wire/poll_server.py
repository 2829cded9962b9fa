"""A gRPC server on a `PollLoop`: the shell of `ServerSession` that backends use."""

from typing import TYPE_CHECKING

from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.poll_sockets import PollSockets
from gatelab.grpc_wire.server_session import Handlers, ServerSession

if TYPE_CHECKING:
    import ssl


class PollServer(PollSockets):
    """Serves the same calls on every connection."""

    def __init__(self, loop: PollLoop, handlers: Handlers, tls: "ssl.SSLContext | None" = None) -> None:
        super().__init__(loop)
        self.handlers = handlers
        self.tls = tls

    def listen(self, host: str, port: int) -> int:
        """Binds and listens; returns the port.

        Raises:
            OSError: the address cannot be had.
        """
        return self.serve(host, port, lambda connection: ServerSession(self.handlers, connection.touch), self.tls)
