"""Counting what calls have come to."""

from typing import Final

from gatelab.grpc_wire.status import display_name
from gatelab.load.histogram import Histogram

_MESSAGES_AT_MOST: Final = 100
_OTHERS: Final = "(other errors)"


class Tally:
    """Counts of one run. Latencies are those of successful calls; the texts of errors are bounded in number."""

    __slots__ = ("count", "errors", "messages", "recent", "response", "service", "statuses")

    def __init__(self) -> None:
        self.count = 0
        self.errors = 0
        self.statuses: dict[int, int] = {}
        self.messages: dict[str, int] = {}
        self.service = Histogram()
        self.response = Histogram()
        """Without `recent`."""
        self.recent = Histogram()
        """Response times since the last look at the progress."""

    def ok(self, service_ns: int, response_ns: int) -> None:
        self.count += 1
        self.statuses[0] = self.statuses.get(0, 0) + 1
        self.service.record(service_ns)
        self.recent.record(response_ns)

    def error(self, code: int, details: str) -> None:
        self.count += 1
        self.errors += 1
        self.statuses[code] = self.statuses.get(code, 0) + 1
        text = f"rpc error: code = {display_name(code)} desc = {details}"
        if text not in self.messages and len(self.messages) >= _MESSAGES_AT_MOST:
            text = _OTHERS
        self.messages[text] = self.messages.get(text, 0) + 1

    def all_responses(self) -> Histogram:
        """Response times of the whole run."""
        self.response.merge(self.recent)
        self.recent = Histogram()
        return self.response

    def by_name(self) -> dict[str, int]:
        """Statuses by display name, OK first, then by code."""
        return {display_name(code): self.statuses[code] for code in sorted(self.statuses)}
