"""One call of any of the four kinds, told to a listener as it happens."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import DecodeError, Message

from gatelab.call.errors import CallError
from gatelab.call.schema import Method
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.metadata import Metadata
from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode


class Listener(Protocol):
    """What is shown while a call runs."""

    def headers(self, metadata: Metadata) -> None:
        """Once, before the first message; of a reply without headers they are empty."""
        ...

    async def message(self, message: Message, size: int) -> None:
        """Each response; `size` in bytes on the wire, without the prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the call ended. A status other than OK is an outcome, not an error."""

    status: Status
    trailers: Metadata
    sent: int
    """How many requests were taken from those given."""
    received: int


async def invoke(
    channel: Channel,
    method: Method,
    requests: Sequence[Message] | AsyncIterable[Message],
    listener: Listener,
    *,
    metadata: Metadata = (),
    timeout_s: float | None = None,
) -> Outcome:
    """Sends `requests` and reads until the call ends; where one is wanted and none is given, an empty one is sent.

    Those of a stream that are still to come are sent beside the reading. Raises CallError for a response that is not
    the method's message, and what `requests` raises.
    """
    received = 0
    sent = _Sent(requests)
    payloads: AsyncIterable[bytes] | Sequence[bytes] = sent
    if not method.client_streaming:
        payloads = [each async for each in sent] or [b""]
    async with channel.call(method.path, payloads, metadata=metadata, timeout_s=timeout_s) as stream:
        await stream.answered()
        listener.headers(stream.headers)
        async for payload in stream:
            received += 1
            await listener.message(_decoded(method, payload), len(payload))
        status = await stream.ended()
        trailers = stream.trailers
    return Outcome(_checked(method, status, received), trailers, sent.count, received)


class _Sent:
    """Requests, encoded and counted as they are taken."""

    def __init__(self, requests: Sequence[Message] | AsyncIterable[Message]) -> None:
        self._requests = requests
        self.count = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if isinstance(self._requests, AsyncIterable):
            async for request in self._requests:
                self.count += 1
                yield request.SerializeToString()
            return
        for request in self._requests:
            self.count += 1
            yield request.SerializeToString()


def _decoded(method: Method, payload: bytes) -> Message:
    message = method.response()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        name = method.response.DESCRIPTOR.full_name
        raise CallError(f'response of "{method.full_name}" is not a {name}: {error}') from error
    return message


def _checked(method: Method, status: Status, received: int) -> Status:
    """A method that answers once must have answered once when it is OK."""
    if status.code == StatusCode.OK and not method.server_streaming and received != 1:
        return Status(StatusCode.INTERNAL, f"cardinality violation: {received} messages in a unary response")
    return status
