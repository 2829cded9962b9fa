"""One call of a run: the sink of its stream."""

from typing import Protocol

from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.outcome import Closed
from gatelab.grpc_wire.transport import ClientProtocol
from gatelab.load.links import Link


class Owner(Protocol):
    """Who wants to know that a call has ended."""

    def ended(self, call: "Call", closed: Closed) -> None: ...


class Call:
    """Times, the header blocks and the number of attempts. Message bytes are counted off and dropped."""

    __slots__ = (
        "attempts",
        "intended_ns",
        "link",
        "owner",
        "protocol",
        "response_headers",
        "sent_ns",
        "stream_id",
        "trailers",
    )

    def __init__(self, owner: Owner, intended_ns: int, sent_ns: int) -> None:
        self.owner = owner
        self.intended_ns = intended_ns
        self.sent_ns = sent_ns
        """Of the first attempt."""
        self.attempts = 0
        self.protocol: ClientProtocol | None = None
        """The link's at the time: it may have another by now."""
        self.stream_id = 0
        self.link: Link | None = None
        self.response_headers: HeaderBlock = ()
        self.trailers: HeaderBlock = ()

    def on_headers(self, block: HeaderBlock) -> None:
        self.response_headers = block

    def on_data(self, data: bytes) -> int:
        return len(data)

    def on_trailers(self, block: HeaderBlock) -> None:
        self.trailers = block

    def on_closed(self, closed: Closed) -> None:
        self.owner.ended(self, closed)
