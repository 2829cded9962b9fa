"""gatelab.echo.v1.Echo: every kind of call, with the delay and the end that the request asks for (`echo.proto`)."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from typing import Final, NamedTuple

from gatelab.grpc_wire.poll_loop import PollLoop
from gatelab.grpc_wire.protowire import chunk, fields, number, text
from gatelab.grpc_wire.server_session import Handler, ServerCall
from gatelab.grpc_wire.status import StatusCode

SERVICE: Final = "gatelab.echo.v1.Echo"

_MOST_UNSENT: Final = 1 << 20
_RETRY_NS: Final = 2_000_000

_Step = tuple[int, Callable[[], None]]
"""Nanoseconds to wait, and what to do then."""


class EchoRequest(NamedTuple):
    """The message, decoded."""

    message: str = ""
    delay_ms: int = 0
    answers: int = 0
    code: int = 0


class _Kind(Enum):
    UNARY = "Unary"
    SERVER_STREAM = "ServerStream"
    CLIENT_STREAM = "ClientStream"
    BIDI_STREAM = "BidiStream"


def decoded(message: bytes) -> EchoRequest:
    """Unknown fields are skipped.

    Raises:
        ValueError: not an EchoRequest; the text says why.
    """
    found = dict(fields(message))
    numbers = [_uint32(found.get(tag, 0)) for tag in (2, 3, 4)]
    return EchoRequest(text(found.get(1)), *numbers)


def handlers(loop: PollLoop, pod: str) -> dict[bytes, Handler]:
    """The service's methods."""
    return {f"/{SERVICE}/{kind.value}".encode(): partial(_Call, kind, loop, pod) for kind in _Kind}


class _Call:
    """One call: its answers leave in order, each after its delay, and no faster than the client takes them."""

    def __init__(self, kind: _Kind, loop: PollLoop, pod: str, call: ServerCall) -> None:
        self._kind = kind
        self._loop = loop
        self._pod = pod
        self._call = call
        self._requests: list[EchoRequest] = []
        self._sequence = 0
        self._steps: deque[Iterator[_Step]] = deque()
        self._waiting = False

    def on_message(self, message: bytes) -> None:
        try:
            request = decoded(message)
        except ValueError as error:
            self._call.finish(StatusCode.INTERNAL, f"EchoRequest: {error}")
            return
        if self._kind == _Kind.BIDI_STREAM:
            self._follow(self._answers(request))
        else:
            self._requests.append(request)

    def on_end(self) -> None:
        if self._kind == _Kind.BIDI_STREAM:
            self._follow(iter([(0, self._call.finish)]))
        elif self._kind == _Kind.CLIENT_STREAM:
            self._answer_to_all()
        elif len(self._requests) == 1:
            self._answer_to(self._requests[0])
        else:
            self._call.finish(StatusCode.INTERNAL, "cardinality violation: the call takes one request")

    def on_cancel(self) -> None:
        self._steps.clear()

    def _answer_to(self, request: EchoRequest) -> None:
        self._follow(self._answers(request))
        self._follow(iter([(0, self._call.finish)]))

    def _answer_to_all(self) -> None:
        words = " ".join(each.message for each in self._requests)
        delay_ms = max((each.delay_ms for each in self._requests), default=0)
        code = max((each.code for each in self._requests), default=0)
        self._answer_to(EchoRequest(words, delay_ms, 0, code))

    def _answers(self, request: EchoRequest) -> Iterator[_Step]:
        """The answers to a request; a code ends the call in the place of an answer, or after those of ServerStream."""
        count = 0 if request.code else 1
        if self._kind == _Kind.SERVER_STREAM:
            count = request.answers or count
        delay_ns = request.delay_ms * 1_000_000
        for _ in range(count):
            yield delay_ns, partial(self._say, request.message)
        if request.code:
            yield delay_ns, partial(self._call.finish, request.code, request.message)

    def _say(self, message: str) -> None:
        self._sequence += 1
        self._call.send(chunk(1, message) + chunk(2, self._pod) + number(3, self._sequence))

    def _follow(self, steps: Iterator[_Step]) -> None:
        self._steps.append(steps)
        if not self._waiting:
            self._go()

    def _go(self) -> None:
        """Takes the steps that need not wait."""
        self._waiting = False
        while self._steps and self._call.alive:
            if self._call.unsent() > _MOST_UNSENT:
                self._later(_RETRY_NS, lambda: None)
                return
            step = next(self._steps[0], None)
            if step is None:
                self._steps.popleft()
            elif step[0]:
                self._later(*step)
                return
            else:
                step[1]()

    def _later(self, delay_ns: int, action: Callable[[], None]) -> None:
        def due() -> None:
            action()
            self._go()

        self._waiting = True
        self._loop.call_at(time.monotonic_ns() + delay_ns, due)


def _uint32(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("delay_ms, count and code are numbers")
    return value & 0xFFFF_FFFF
