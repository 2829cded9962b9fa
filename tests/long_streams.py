"""gRPC streams of three kinds that last as long as a block, and must neither end, nor lose or reorder a message."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple

from alongside import TIMEOUT_S, Alongside
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import GrpcWireError
from gatelab.grpc_wire.protowire import chunk, fields, number, text
from mixed_traffic import Target, client_tls
from running_lab import wait_until

ECHO = "/gatelab.echo.v1.Echo"
MESSAGE_EVERY_S = 0.05
ENDLESS = 1_000_000


class Answer(NamedTuple):
    """EchoResponse."""

    message: str
    pod: str
    sequence: int


def decoded(raw: bytes) -> Answer:
    found = dict(fields(raw))
    sequence = found.get(3, 0)
    assert isinstance(sequence, int)
    return Answer(text(found.get(1)), text(found.get(2)), sequence)


def asked(message: str, *, answers: int = 0, delay_ms: int = 0) -> bytes:
    """EchoRequest."""
    return chunk(1, message) + number(2, delay_ms) + number(3, answers)


@dataclass(slots=True)
class _Progress:
    """Of one stream: messages that came, or went where none comes before the end."""

    messages: int = 0
    backends: set[str] = field(default_factory=set)


class LongStreams(Alongside):
    """`of_each` streams of each kind on each of the connections, in a thread of its own."""

    def __init__(self, target: Target, *, connections: int = 2, of_each: int = 2) -> None:
        super().__init__("long streams")
        self._target = target
        self._connections, self._of_each = connections, of_each
        self._progress: list[_Progress] = []
        self.losses: list[str] = []

    def begun(self) -> None:
        wait_until(lambda: len(self._progress) == 3 * self._connections * self._of_each, "streams of every kind")
        self.go_on()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)
        assert self.losses == [] or error is not None, self.losses[:5]

    def go_on(self, messages: int = 10) -> None:
        """Each of the very streams that were opened at first has moved so much since."""
        before = [each.messages for each in self._progress]

        def is_enough() -> bool:
            return all(now.messages >= then + messages for now, then in zip(self._progress, before, strict=True))

        wait_until(lambda: is_enough() or bool(self.losses), "messages on every stream", timeout_s=30)
        assert self.losses == [], self.losses[:5]

    async def run(self) -> None:
        tls = client_tls()
        kinds = (self._bidi, self._server, self._client)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._connections):
                channel = await self._channel(tls)
                if channel is not None:
                    tasks.create_task(self._connection(channel, [kind for kind in kinds for _ in range(self._of_each)]))

    async def _channel(self, tls: ssl.SSLContext) -> Channel | None:
        at = self._target
        try:
            return await Channel.connect(at.address, at.tls_port, tls=tls, authority="calls.test", timeout_s=TIMEOUT_S)
        except GrpcWireError as error:
            self.losses.append(f"connecting: {error}")
            return None

    async def _connection(
        self, channel: Channel, kinds: list[Callable[[Channel, _Progress], Coroutine[Any, Any, None]]]
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for kind in kinds:
                    progress = _Progress()
                    self._progress.append(progress)
                    tasks.create_task(kind(channel, progress))
        finally:
            await channel.close()

    async def _bidi(self, channel: Channel, progress: _Progress) -> None:
        """A number every now and then, answered by the same one; at the end as many answers as numbers."""
        sent: list[str] = []
        async with channel.call(f"{ECHO}/BidiStream", self._numbers(sent), timeout_s=None) as stream:
            async for raw in stream:
                self._take("bidi", decoded(raw), progress, message=str(progress.messages))
        if stream.status is None or stream.status.code or progress.messages != len(sent):
            self.losses.append(f"bidi: {progress.messages} answers to {len(sent)} messages, {stream.status}")

    async def _server(self, channel: Channel, progress: _Progress) -> None:
        request = asked("on", answers=ENDLESS, delay_ms=int(MESSAGE_EVERY_S * 1000))
        async with channel.call(f"{ECHO}/ServerStream", [request], timeout_s=None) as stream:
            async for raw in stream:
                self._take("server", decoded(raw), progress, message="on")
                if self.over.is_set():
                    return
        self.losses.append(f"server: ended after {progress.messages} messages, {stream.status}")

    async def _client(self, channel: Channel, progress: _Progress) -> None:
        """Numbers that are answered at the end, all of them."""
        sent: list[str] = []
        numbers = self._numbers(sent, progress)
        async with channel.call(f"{ECHO}/ClientStream", numbers, timeout_s=None) as stream:
            answers = [decoded(raw).message async for raw in stream]
        if answers != [" ".join(sent)] or not self.over.is_set():
            self.losses.append(f"client: {len(sent)} messages, answered by {answers}, {stream.status}")

    def _take(self, kind: str, answer: Answer, progress: _Progress, *, message: str) -> None:
        progress.messages += 1
        progress.backends.add(answer.pod)
        if (answer.message, answer.sequence) != (message, progress.messages) or len(progress.backends) > 1:
            self.losses.append(f"{kind}: {answer} for message {progress.messages} ({message})")

    async def _numbers(self, sent: list[str], progress: _Progress | None = None) -> AsyncIterator[bytes]:
        while not self.over.is_set():
            word = str(len(sent))
            sent.append(word)
            yield asked(word)
            if progress is not None:
                progress.messages += 1
            await asyncio.sleep(MESSAGE_EVERY_S)
