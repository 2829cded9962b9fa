"""What a run is asked to do with calls that stream."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """How a streaming call goes. ghz's stream options."""

    client_streaming: bool
    server_streaming: bool
    interval_s: float = 0
    """Between messages that are sent."""
    call_duration_s: float = 0
    """After this the client closes its side; a call that only the server streams is cancelled."""
    receive_count: int = 0
    """A call that only the server streams is cancelled after so many messages."""
