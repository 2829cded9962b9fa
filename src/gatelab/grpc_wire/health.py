"""grpc.health.v1.Health (gRPC doc/health-checking.md): Check, Watch and List."""

from enum import IntEnum
from typing import Final

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.protowire import chunk, fields, number, text
from gatelab.grpc_wire.server_session import Handler, Receiver, ServerCall, answer_block, unary
from gatelab.grpc_wire.status import StatusCode

SERVICE: Final = "grpc.health.v1.Health"


class Serving(IntEnum):
    """HealthCheckResponse.ServingStatus"""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
    SERVICE_UNKNOWN = 3


class Health:
    """The state of a server's services; `""` is the server as a whole. `set_all` tells everybody who watches."""

    def __init__(self, services: tuple[str, ...], state: Serving = Serving.SERVING) -> None:
        self._states = dict.fromkeys(("", *services), state)
        self._watchers: set[_Watcher] = set()

    def handlers(self) -> dict[bytes, Handler]:
        return {
            b"/grpc.health.v1.Health/Check": unary(self._check),
            b"/grpc.health.v1.Health/Watch": self._watch,
            b"/grpc.health.v1.Health/List": unary(self._list),
        }

    def set_all(self, state: Serving) -> None:
        self._states = dict.fromkeys(self._states, state)
        for watcher in list(self._watchers):
            watcher.tell(self.state(watcher.service))

    def state(self, service: str) -> Serving:
        return self._states.get(service, Serving.SERVICE_UNKNOWN)

    def _check(self, call: ServerCall, message: bytes) -> None:
        try:
            service = text(dict(fields(message)).get(1))
        except ValueError as error:
            call.finish(StatusCode.INTERNAL, f"HealthCheckRequest: {error}")
            return
        state = self.state(service)
        if state == Serving.SERVICE_UNKNOWN:
            call.finish(StatusCode.NOT_FOUND, "unknown service")
        else:
            call.reply(framed(number(1, state)), answer_block())

    def _list(self, call: ServerCall, _message: bytes) -> None:
        entries = (chunk(1, name) + chunk(2, number(1, state)) for name, state in self._states.items())
        call.reply(framed(b"".join(chunk(1, entry) for entry in entries)), answer_block())

    def _watch(self, call: ServerCall) -> Receiver:
        return _Watcher(self, call, self._watchers)


class _Watcher:
    """One Watch call: the state now, and every other one after; it ends when the client ends it."""

    def __init__(self, health: Health, call: ServerCall, watchers: "set[_Watcher]") -> None:
        self.service = ""
        self._health = health
        self._call = call
        self._watchers = watchers
        self._told: Serving | None = None

    def on_message(self, message: bytes) -> None:
        try:
            self.service = text(dict(fields(message)).get(1))
        except ValueError as error:
            self._call.finish(StatusCode.INTERNAL, f"HealthCheckRequest: {error}")
            return
        self._watchers.add(self)
        self.tell(self._health.state(self.service))

    def on_end(self) -> None:
        """The request is complete; the answers go on."""

    def on_cancel(self) -> None:
        self._watchers.discard(self)

    def tell(self, state: Serving) -> None:
        if state != self._told:
            self._told = state
            self._call.send(number(1, state))
