"""Counting what calls have come to."""

from typing import Final

from gatelab.grpc_wire.status import display_name
from gatelab.load.histogram import Histogram

_MESSAGES_AT_MOST: Final = 100
Detail = tuple[int, int, int, str]
"""When it ended (monotonic ns), latency in ns, status, error text."""
_OTHERS: Final = "(other errors)"


class Tally:
    """Counts of one run. Latencies are those of successful calls, and with `count_errors` of all that were sent.

    The first `skip` calls that end are not counted at all. The number of different error texts is bounded, and so is
    that of details.
    """

    __slots__ = (
        "_count_errors",
        "_details_at_most",
        "_skip",
        "count",
        "details",
        "errors",
        "messages",
        "recent",
        "response",
        "service",
        "statuses",
    )

    def __init__(self, *, skip: int = 0, count_errors: bool = False, details_at_most: int = 0) -> None:
        self._skip = skip
        self._count_errors = count_errors
        self._details_at_most = details_at_most
        self.details: list[Detail] = []
        self.count = 0
        self.errors = 0
        self.statuses: dict[int, int] = {}
        self.messages: dict[str, int] = {}
        self.service = Histogram()
        self.response = Histogram()
        """Without `recent`."""
        self.recent = Histogram()
        """Response times since the last look at the progress."""

    def ok(self, ended_ns: int, service_ns: int, response_ns: int) -> bool:
        """Counts a call that ended well at this moment of the monotonic clock; False when it is one to skip."""
        if self._skip:
            self._skip -= 1
            return False
        self.count += 1
        self.statuses[0] = self.statuses.get(0, 0) + 1
        self.service.record(service_ns)
        self.recent.record(response_ns)
        if self._details_at_most > len(self.details):
            self.details.append((ended_ns, service_ns, 0, ""))
        return True

    def error(self, code: int, details: str, ended_ns: int, times_ns: tuple[int, int] | None = None) -> bool:
        """Counts a call that failed; `times_ns` are its service and response time, if it was sent at all."""
        if self._skip:
            self._skip -= 1
            return False
        self.count += 1
        self.errors += 1
        self.statuses[code] = self.statuses.get(code, 0) + 1
        text = full_text = f"rpc error: code = {display_name(code)} desc = {details}"
        if text not in self.messages and len(self.messages) >= _MESSAGES_AT_MOST:
            text = _OTHERS
        self.messages[text] = self.messages.get(text, 0) + 1
        if self._count_errors and times_ns is not None:
            self.service.record(times_ns[0])
            self.recent.record(times_ns[1])
        if self._details_at_most > len(self.details):
            self.details.append((ended_ns, times_ns[0] if times_ns else 0, code, full_text))
        return True

    def all_responses(self) -> Histogram:
        """Response times of the whole run."""
        self.response.merge(self.recent)
        self.recent = Histogram()
        return self.response

    def by_name(self) -> dict[str, int]:
        """Statuses by display name, OK first, then by code."""
        return {display_name(code): self.statuses[code] for code in sorted(self.statuses)}
