"""One call of a run: the sink of its stream."""

import asyncio
from typing import Protocol

from gatelab.grpc_wire.http2 import HeaderBlock, field
from gatelab.grpc_wire.outcome import Closed
from gatelab.grpc_wire.transport import ClientProtocol
from gatelab.load.native.links import Link
from gatelab.load.native.streams import PREFIX_BYTES, MessageCounter, Sender
from gatelab.load.requests import Prepared


class Owner(Protocol):
    """Who wants to know that a call has ended."""

    def ended(self, call: "Call", closed: Closed) -> None: ...
    def counted(self, call: "Call", too_long: int | None) -> None:
        """Bytes have come of a call whose messages are counted; `too_long` is the length of one above the limit."""


class Call:
    """Times, the header blocks and the number of attempts. Message bytes are counted off and dropped."""

    __slots__ = (
        "attempts",
        "counter",
        "first",
        "intended_ns",
        "link",
        "owner",
        "protocol",
        "received",
        "request",
        "response_headers",
        "sender",
        "sent_ns",
        "slot",
        "stream_id",
        "timer",
        "trailers",
    )

    def __init__(self, owner: Owner, intended_ns: int, sent_ns: int, request: Prepared | None = None) -> None:
        self.owner = owner
        self.intended_ns = intended_ns
        self.request = request
        self.sent_ns = sent_ns
        """Of the first attempt."""
        self.attempts = 0
        self.protocol: ClientProtocol | None = None
        """The link's at the time: it may have another by now."""
        self.stream_id = 0
        self.link: Link | None = None
        self.response_headers: HeaderBlock = ()
        self.trailers: HeaderBlock = ()
        self.slot = 0
        self.counter: MessageCounter | None = None
        """None: received messages are not looked at."""
        self.first = b""
        """Of the bytes of messages, at least the prefix of the first (gRPC doc/PROTOCOL-HTTP2.md)."""
        self.received = 0
        self.sender: Sender | None = None
        self.timer: asyncio.TimerHandle | None = None

    def on_headers(self, block: HeaderBlock) -> None:
        self.response_headers = block
        if self.sender is not None and field(block, b"grpc-status") is not None:
            self.sender.close()

    def on_data(self, data: bytes) -> int:
        size = len(data)
        if not self.received:
            self.first = data
        elif len(self.first) < PREFIX_BYTES:
            self.first += data
        self.received += size
        if self.counter is not None:
            self.owner.counted(self, self.counter.feed(data))
        return size

    def has_one_message(self) -> bool:
        """What came is one message, and all of it."""
        return self.received == PREFIX_BYTES + int.from_bytes(self.first[1:PREFIX_BYTES])

    def on_trailers(self, block: HeaderBlock) -> None:
        self.trailers = block
        if self.sender is not None:
            self.sender.close()  # the server wants no more, and the stream ends when both sides have

    def on_closed(self, closed: Closed) -> None:
        self.owner.ended(self, closed)

    def quiet(self) -> None:
        """Ends what is still going on for the stream on this side."""
        if self.sender is not None:
            self.sender.stop()
        if self.timer is not None:
            self.timer.cancel()
