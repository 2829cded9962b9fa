"""The mode `grpc`: GrpcEcho, gatelab.echo.v1.Echo, health and reflection, plaintext; with TLS too for a certificate."""

from collections.abc import Callable
from typing import Final

from gatelab.backends.echo import grpc_echo, grpc_streams
from gatelab.backends.echo.announcement import announce
from gatelab.backends.echo.settings import Settings
from gatelab.grpc_wire.health import SERVICE as HEALTH
from gatelab.grpc_wire.health import Health, Serving
from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.poll_sockets import Connection, PollSockets
from gatelab.grpc_wire.reflection import Reflection
from gatelab.grpc_wire.server_session import ServerSession

_DRAIN_S: Final = 5.0


def start(loop: PollLoop, settings: Settings) -> Callable[[], None]:
    """Binds the ports; what it returns ends the server.

    Raises:
        OSError: a port cannot be had, or a file is not what TLS needs.
    """
    server = PollSockets(loop)
    health = Health((grpc_echo.SERVICE, grpc_streams.SERVICE))
    reflection = Reflection((grpc_echo.SERVICE, grpc_streams.SERVICE, HEALTH), _descriptors)
    shared = health.handlers() | reflection.handlers() | grpc_streams.handlers(loop, settings.pod.pod)
    plain = shared | grpc_echo.handlers(settings.pod, lambda: None)
    port = server.serve(settings.host, settings.plain_port, lambda each: ServerSession(plain, each.touch))
    announce("grpc", port)
    if settings.has_tls:
        from gatelab.backends.echo.tls import facts, server_context  # loads ssl

        def secure(connection: Connection) -> ServerSession:
            own = grpc_echo.handlers(settings.pod, lambda: facts(connection.socket))
            return ServerSession(shared | own, connection.touch)

        context = server_context(settings, ("h2",))
        announce("grpc with TLS", server.serve(settings.host, settings.tls_port, secure, context))

    def stop() -> None:
        health.set_all(Serving.NOT_SERVING)
        server.drain(_DRAIN_S)

    return stop


def _descriptors() -> tuple[bytes, ...]:
    from pathlib import Path  # reflection is rare, and this takes 4 ms

    from gatelab.grpc_wire.protos import descriptor_sets

    own = (Path(__file__).with_name(f"{name}.binpb").read_bytes() for name in ("grpcecho", "echo"))
    return (*own, *descriptor_sets())
