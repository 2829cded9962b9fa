"""Callers of three kinds that nobody may disturb: unary and bidirectional gRPC calls over TLS, and HTTP/1.1.

They behave as good clients do: a connection that says GOAWAY or `Connection: close` is left, and what a server promised
not to have looked at is sent again elsewhere. Everything else that is not an answer of the right content is a loss. A
route that names its backend in the header `x-to` must have been applied as a whole: an answer of another is one, too.
"""

import asyncio
import contextlib
import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from alongside import TIMEOUT_S, Alongside
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import GrpcWireError
from gatelab.grpc_wire.protowire import fields, text
from running_lab import wait_until

UNARY, BIDI = "/gatelab.echo.v1.Echo/Unary", "/gatelab.echo.v1.Echo/BidiStream"
MESSAGE = b"\n\x01x"  # EchoRequest {message: "x"}
GET = b"GET /some HTTP/1.1\r\nHost: pages.test\r\n\r\n"
MESSAGES = 8
"""Of a bidirectional call,"""
MESSAGE_EVERY_S = 0.05
"""one after the other."""
KINDS = ("unary", "bidi", "http")


@dataclass(frozen=True, slots=True)
class Target:
    """A Gateway's listeners."""

    address: str
    tls_port: int
    plain_port: int


def client_tls() -> ssl.SSLContext:
    """Of clients that take any certificate: they change meanwhile."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(["h2"])
    return tls


class MixedTraffic(Alongside):
    """Calls for as long as the block lasts, in a thread of its own."""

    def __init__(self, target: Target, *, connections: int = 5, every_s: float = 0.05) -> None:
        """`connections` of each kind, each asking again `every_s` after an answer."""
        super().__init__("mixed traffic")
        self._target = target
        self.connections = 3 * connections
        self._of_each = connections
        self._every_s = every_s
        self._began_s = 0.0
        self.answered: Counter[str] = Counter()
        self.answerers: Counter[str] = Counter()
        """Of unary calls and HTTP requests: how often which backend has answered."""
        self.losses: list[str] = []

    def begun(self) -> None:
        self._began_s = time.monotonic()
        self.go_on()

    def go_on(self, rounds: int = 3) -> None:
        """Every caller of each kind has been answered about that often since, and nothing was ever lost."""
        before = self.answered.copy()

        def is_enough() -> bool:
            return all(self.answered[each] >= before[each] + rounds * self._of_each for each in KINDS)

        wait_until(lambda: is_enough() or bool(self.losses), "answers of every kind", timeout_s=30)
        assert self.losses == [], self.losses[:5]

    def only(self, *backends: str) -> None:
        """From some time on nobody else answers: each caller asks, and asks again, until it is so."""
        for _ in range(50):
            before = self.answerers.copy()
            self.go_on()
            if (others := set(self.answerers - before)) == set(backends):
                return
        raise AssertionError(f"{backends} are to answer, and {others} do")

    def figures(self) -> str:
        """What has gone through so far. A bidirectional call counts as its messages, which are answered one by one."""
        answers = {each: self.answered[each] * (MESSAGES if each == "bidi" else 1) for each in KINDS}
        total, seconds = sum(answers.values()), time.monotonic() - self._began_s
        by_kind = ", ".join(f"{number} {each}" for each, number in answers.items())
        rate = f"{total / seconds:.0f}/s over {self.connections} connections"
        return f"{total} requests ({by_kind}) in {seconds:.1f} s, {rate}: {len(self.losses)} lost or wrong"

    async def run(self) -> None:
        tls = client_tls()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._of_each):
                tasks.create_task(self._grpc(tls, self._unary))
                tasks.create_task(self._grpc(tls, self._bidi))
                tasks.create_task(self._http())

    async def _grpc(self, tls: ssl.SSLContext, ask: Callable[[Channel], Awaitable[None]]) -> None:
        while not self.over.is_set():
            try:
                channel = await Channel.connect(
                    self._target.address,
                    self._target.tls_port,
                    tls=tls,
                    authority="calls.test",
                    timeout_s=TIMEOUT_S,
                )
            except GrpcWireError as error:
                self.losses.append(f"connecting: {error}")
                return
            while not channel.closed and not self.over.is_set():
                await ask(channel)
                await asyncio.sleep(self._every_s)
            await channel.close()

    async def _unary(self, channel: Channel) -> None:
        reply = await channel.unary(UNARY, MESSAGE, timeout_s=TIMEOUT_S)
        if reply.code == 0 and reply.message is not None and reply.message.startswith(MESSAGE):
            pod = text(dict(fields(reply.message)).get(2))
            self._count("unary", pod, dict(reply.headers).get("x-to", pod))
        elif not reply.unprocessed:
            self.losses.append(f"unary: {reply}")

    def _count(self, kind: str, pod: str, named: object) -> None:
        """An answer of a pod, through a route that has named another one or this."""
        self.answered[kind] += 1
        self.answerers[pod] += 1
        if named != pod:
            self.losses.append(f"{kind}: the route to {named} was answered by {pod}")

    async def _bidi(self, channel: Channel) -> None:
        async with channel.call(BIDI, _messages(), timeout_s=TIMEOUT_S) as stream:
            answers = [answer async for answer in stream]
        good = len(answers) == MESSAGES and all(answer.startswith(MESSAGE) for answer in answers)
        if good and stream.status is not None and stream.status.code == 0:
            self.answered["bidi"] += 1
        elif not stream.unprocessed:
            self.losses.append(f"bidi: {len(answers)} answers, {stream.status}")

    async def _http(self) -> None:
        while not self.over.is_set():
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    reader, writer = await asyncio.open_connection(self._target.address, self._target.plain_port)
                await self._http_connection(reader, writer)
            except (OSError, EOFError, TimeoutError) as error:
                self.losses.append(f"http: {error!r}")
                return

    async def _http_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until it is told to leave. Raises OSError, EOFError, TimeoutError."""
        with contextlib.closing(writer):
            stays = True
            while stays and not self.over.is_set():
                async with asyncio.timeout(TIMEOUT_S):
                    writer.write(GET)
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    (length,) = (line[15:] for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
                    body = await reader.readexactly(int(length))
                if head.startswith(b"http/1.1 200 ") and b'"/some"' in body:
                    pod = json.loads(body)["pod"]
                    named = [line[6:].decode() for line in head.split(b"\r\n") if line.startswith(b"x-to: ")]
                    self._count("http", pod, *named or [pod])
                else:
                    self.losses.append(f"http: {head!r} {body!r}")
                stays = b"\r\nconnection: close\r\n" not in head
                await asyncio.sleep(self._every_s)


async def _messages() -> AsyncIterator[bytes]:
    for _ in range(MESSAGES):
        yield MESSAGE
        await asyncio.sleep(MESSAGE_EVERY_S)
