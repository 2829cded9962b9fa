"""greetings.GreetMe on a poll loop."""

import sys
from typing import TYPE_CHECKING, Final

from gatelab.backends.hello.greeting import decoded, greeting
from gatelab.backends.hello.settings import Settings
from gatelab.grpc_wire.health import SERVICE as HEALTH
from gatelab.grpc_wire.health import Health, Serving
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.poll_server import PollServer
from gatelab.grpc_wire.reflection import Reflection
from gatelab.grpc_wire.server_session import Handler, Handlers, ServerCall, answer_block, unary
from gatelab.grpc_wire.status import StatusCode

if TYPE_CHECKING:
    import ssl

SERVICE: Final = "greetings.GreetMe"
_DRAIN_S: Final = 5.0


class HelloServer:
    """The image's process: `listen`, then `loop.run()`; `stop` is for SIGTERM."""

    def __init__(self, settings: Settings) -> None:
        self.loop = PollLoop()
        self._settings = settings
        self._answer: HeaderBlock = answer_block(
            ((b"x-pod-name", _field(settings.pod)), (b"x-node-name", _field(settings.node)))
        )
        self._health = Health((SERVICE,))
        self._server = PollServer(self.loop, self._handlers(), _tls(settings.cert_dir))

    def listen(self) -> int:
        """Binds the pod's address; returns the port.

        Raises:
            OSError: the address cannot be had.
        """
        return self._server.listen(self._settings.host, self._settings.port)

    def stop(self) -> None:
        """Not serving, says health; GOAWAY; calls in flight get their answers; then `loop.run` returns."""
        self._health.set_all(Serving.NOT_SERVING)
        self._server.drain(_DRAIN_S)

    def _handlers(self) -> Handlers:
        reflection = Reflection((SERVICE, HEALTH), _descriptors)
        send: dict[bytes, Handler] = {b"/greetings.GreetMe/Send": unary(self._send)}
        return send | self._health.handlers() | reflection.handlers()

    def _send(self, call: ServerCall, message: bytes) -> None:
        try:
            request = decoded(message)
        except ValueError as error:
            call.finish(StatusCode.INTERNAL, f"GreetRequest: {error}")
            return
        if self._settings.debug:
            sys.stderr.write(f"{request}\n")
            sys.stderr.flush()
        reply, answer = greeting(request.name), self._answer
        delay_ns = request.delay_ms * 1_000_000 or self._settings.delay_ns
        if delay_ns:
            self.loop.call_at(self.loop.turn_ns + delay_ns, lambda: call.reply(reply, answer))
        else:
            call.reply(reply, answer)


def _descriptors() -> tuple[bytes, ...]:
    from pathlib import Path  # reflection is rare, and this takes 4 ms

    from gatelab.grpc_wire.protos import descriptor_sets

    own = Path(__file__).with_name("greetings.binpb").read_bytes()
    return (own, *descriptor_sets())


def _field(name: str) -> bytes:
    return name.encode("ascii", "replace")


def _tls(cert_dir: str) -> "ssl.SSLContext | None":
    if not cert_dir:
        return None
    import ssl  # 20 ms and 5 MB that a plaintext pod saves

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{cert_dir}/tls.crt", f"{cert_dir}/tls.key")
    context.set_alpn_protocols(["h2"])
    return context
