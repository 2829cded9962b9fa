"""What each call sends: the same message for all, or a request made for the call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from gatelab.grpc_wire.framing import framed, framed_gzip
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.metadata import Metadata, encoded_metadata, encoded_timeout, request_block
from gatelab.grpc_wire.status import StatusCode


class RequestError(ValueError):
    """A request that could not be made; the call counts as failed with this status."""

    def __init__(self, text: str, code: StatusCode = StatusCode.INTERNAL) -> None:
        super().__init__(text)
        self.code = code


class Request(NamedTuple):
    """Messages are encoded. A client stream's may be any iterable that can be gone through again for a new attempt."""

    messages: Iterable[bytes]
    metadata: Metadata | None = None
    """None: the plan's."""


RequestSource = Callable[[int, str], Request]
"""From the number of the call (from 0) and the id of its caller, such as `g0c0`; may raise RequestError."""


class Prepared(NamedTuple):
    """A request on the wire: `body` of a call with one message, `messages` of a client stream."""

    block: HeaderBlock
    body: bytes
    messages: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What all calls have in common."""

    path: str
    authority: str
    scheme: str
    metadata: Metadata
    timeout_s: float
    gzip: bool
    max_send_bytes: int | None


class Requests:
    """Makes the requests of a run. Ids of callers are `g<slot>c<connection>`, as ghz has them."""

    def __init__(self, wire: Wire, message: bytes, source: RequestSource | None, *, client_stream: bool) -> None:
        self.source = source
        self._wire = wire
        self._client_stream = client_stream
        self._block = self._block_of(wire.metadata)
        self.same = None if source else Prepared(self._block, self.frame(message), (message,))
        """The one that all calls send; None where each has its own."""
        self._free: list[int] = []
        self._slots = 0

    def make(self, number: int, slot: int, connection: int) -> Prepared:
        """The request of call `number`. Raises RequestError."""
        if self.same is not None:
            return self.same
        assert self.source is not None
        request = self.source(number, f"g{slot}c{connection}")
        block = self._block if request.metadata is None else self._block_of(request.metadata)
        if self._client_stream:
            return Prepared(block, b"", request.messages)
        return Prepared(block, b"".join(map(self.frame, request.messages)))

    def take_slot(self) -> int:
        """A number that no other call in flight has, as small as can be had cheaply."""
        if self.same is not None:
            return 0
        if self._free:
            return self._free.pop()
        self._slots += 1
        return self._slots - 1

    def give_back(self, slot: int) -> None:
        """The call of that slot is over."""
        if self.same is None:
            self._free.append(slot)

    def frame(self, message: bytes) -> bytes:
        """A message with its prefix. Raises RequestError when it is too long."""
        most = self._wire.max_send_bytes
        if most is not None and len(message) > most:
            text = f"trying to send message larger than max ({len(message)} vs. {most})"
            raise RequestError(text, StatusCode.RESOURCE_EXHAUSTED)
        return framed_gzip(message) if self._wire.gzip else framed(message)

    def _block_of(self, metadata: Metadata) -> HeaderBlock:
        wire = self._wire
        try:
            fields = encoded_metadata(metadata)
        except ValueError as error:
            raise RequestError(str(error), StatusCode.INTERNAL) from error
        block = request_block(path=wire.path, authority=wire.authority, scheme=wire.scheme, metadata=fields)
        return (*block, *(_GZIP if wire.gzip else ()), (b"grpc-timeout", encoded_timeout(wire.timeout_s)))


_GZIP: Final = ((b"grpc-encoding", b"gzip"),)
