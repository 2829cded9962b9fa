"""A caller that nobody may disturb: 50 requests a second through a Gateway, and a new connection every half second."""

import asyncio
import ssl
import time

from alongside import Alongside
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import GrpcWireError
from running_lab import Lab, wait_until

EVERY_S = 0.02
CONNECTION_EVERY_S = 0.5
TIMEOUT_S = 10.0
PATH = "/greetings.GreetMe/Send"
REQUEST = b"\n\x01x\x18\x01"  # GreetRequest {name: "x", delay_ms: 1}
HOST = "cilium-gateway-hello-grpc.hello-grpc.test"


class SteadyCaller(Alongside):
    """Calls the example of `Lab.apply_example` for as long as the block lasts, in a thread of its own."""

    def __init__(self, lab: Lab) -> None:
        super().__init__("steady caller")
        gateway = lab.get("-n", "hello-grpc", "gateway", "hello-grpc")
        self._address = gateway["status"]["addresses"][0]["value"]
        self._port = 443 + lab.facts["privileged_shift"]
        self._trusted = lab.gatelab("ca").stdout
        self._started = time.monotonic()
        self.answered = 0
        self.failures: list[str] = []

    def begun(self) -> None:
        self.check()

    def check(self) -> None:
        """It is still answered, and has never not been."""
        before = self.answered
        wait_until(lambda: self.answered >= before + 10 or bool(self.failures), "ten more answers")
        assert self.failures == []

    async def run(self) -> None:
        channel = await self._connected()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._connect_again_and_again(tasks))
                while not self.over.is_set():
                    if channel.closed:  # A GOAWAY is no failure, for what was under way is answered.
                        await channel.close()
                        channel = await self._connected()
                    tasks.create_task(self._ask(channel))
                    await asyncio.sleep(EVERY_S)
        finally:
            await channel.close()

    async def _connect_again_and_again(self, tasks: asyncio.TaskGroup) -> None:
        while not self.over.is_set():
            try:
                channel = await self._connected()
            except GrpcWireError as error:
                self._fail(str(error))
            else:
                await self._ask(channel)
                await channel.close()
            await asyncio.sleep(CONNECTION_EVERY_S)

    async def _connected(self) -> Channel:
        context = ssl.create_default_context(cadata=self._trusted)
        return await Channel.connect(self._address, self._port, tls=context, authority=HOST, timeout_s=TIMEOUT_S)

    async def _ask(self, channel: Channel) -> None:
        reply = await channel.unary(PATH, REQUEST, timeout_s=TIMEOUT_S)
        if reply.code == 0:
            self.answered += 1
        elif not reply.unprocessed:
            self._fail(f"status {reply.code}: {reply.details}")

    def _fail(self, what: str) -> None:
        self.failures.append(f"after {time.monotonic() - self._started:.2f} s: {what}")
