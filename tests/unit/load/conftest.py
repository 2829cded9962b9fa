"""Servers to put load on, in this process."""

from collections.abc import AsyncIterator, Callable

import pytest

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.server import Server
from gatelab.grpc_wire.server_session import ServerCall, answer_block, unary
from load_plans import HOST


class Pod:
    """A server that answers with its name; `behave` may answer otherwise, later, or not at all."""

    def __init__(self, name: str = "pod-0") -> None:
        self.name = name
        self.behave: Callable[[ServerCall], None] = self.answer
        self.served = 0
        self.port = 0
        self.server = Server({b"/t.T/Do": unary(lambda call, _message: self.behave(call))})

    def answer(self, call: ServerCall) -> None:
        self.served += 1
        call.reply(framed(b""), answer_block(((b"x-pod-name", self.name.encode()),)))

    def call_at(self, number: int, back: Callable[[], None]) -> None:
        """Answers, and calls back once so many have been served."""

        def answer(call: ServerCall) -> None:
            self.answer(call)
            if self.served == number:
                back()

        self.behave = answer

    async def start(self) -> None:
        """Listens, the second time on the same port."""
        self.port = await self.server.listen(HOST, self.port)

    async def stop(self) -> None:
        await self.server.close()


@pytest.fixture
async def pods() -> AsyncIterator[list[Pod]]:
    """Two servers, pod-0 and pod-1."""
    pods = [Pod("pod-0"), Pod("pod-1")]
    for pod in pods:
        await pod.start()
    yield pods
    for pod in pods:
        await pod.stop()


@pytest.fixture
def make_pod() -> type[Pod]:
    """For a loop of one's own."""
    return Pod
