"""Counting what calls have come to."""

from typing import Final

from gatelab.grpc_wire.status import display_name
from gatelab.load.counting.seconds import SECOND_NS, Seconds, Tallied
from gatelab.load.histogram import Histogram

_MESSAGES_AT_MOST: Final = 100
Detail = tuple[int, int, int, str]
"""When it ended (monotonic ns), latency in ns, status, error text."""
_OTHERS: Final = "(other errors)"
_AT_ONCE: Final = 64
"""Times that are put into their histogram together: enough to be cheap, too few to keep the loop from its answers."""


def add_message(messages: dict[str, int], text: str, count: int) -> None:
    """Counts an error text, under `(other errors)` when there are too many different ones."""
    if text not in messages and len(messages) >= _MESSAGES_AT_MOST:
        text = _OTHERS
    messages[text] = messages.get(text, 0) + count


class Tally:
    """Counts of one run. Latencies are those of successful calls, and with `count_errors` of all that were sent.

    Seconds are counted from `begin_ns` of the monotonic clock. The first `skip` calls that end are not counted at all.
    The number of different error texts is bounded, and so is that of details. With `one_time`, as in a closed loop,
    service and response times are the same, and recorded as response times only.
    """

    __slots__ = (
        "_begin_ns",
        "_count_errors",
        "_details_at_most",
        "_from_ns",
        "_second",
        "_skip",
        "_times",
        "_until_ns",
        "details",
        "errors",
        "failures",
        "messages",
        "oks",
        "one_time",
        "seconds",
        "service",
        "timed_errors",
    )

    def __init__(
        self,
        begin_ns: int,
        *,
        one_time: bool = False,
        skip: int = 0,
        count_errors: bool = False,
        details_at_most: int = 0,
    ) -> None:
        self._skip = skip
        self._count_errors = count_errors
        self._details_at_most = details_at_most
        self.details: list[Detail] = []
        self.one_time = one_time
        self.oks = 0
        self.errors = 0
        self.timed_errors = 0
        """Errors whose times are in the histograms."""
        self.failures: dict[int, int] = {}
        """By status, without OK."""
        self.messages: dict[str, int] = {}
        self.service = Histogram()
        self.seconds = Seconds()
        """Response times and errors by second."""
        self._begin_ns = begin_ns
        self._times: list[int] = []
        """Response times of the present second that are not in its histogram yet."""
        self._turn_to(begin_ns)

    @property
    def count(self) -> int:
        """Calls that ended."""
        return self.oks + self.errors

    def ok(self, ended_ns: int, service_ns: int, response_ns: int) -> bool:
        """Counts a call that ended well at this moment of the monotonic clock; False when it is one to skip."""
        if self._skip:
            self._skip -= 1
            return False
        if not self._from_ns <= ended_ns < self._until_ns:
            self._turn_to(ended_ns)
        self.oks += 1
        times = self._times
        times.append(response_ns)
        if len(times) >= _AT_ONCE:
            self._record_times()
        if not self.one_time:
            self.service.record(service_ns)
        if self._details_at_most and self._details_at_most > len(self.details):
            self.details.append((ended_ns, service_ns, 0, ""))
        return True

    def error(self, code: int, details: str, ended_ns: int, times_ns: tuple[int, int] | None = None) -> bool:
        """Counts a call that failed; `times_ns` are its service and response time, if it was sent at all."""
        if self._skip:
            self._skip -= 1
            return False
        if not self._from_ns <= ended_ns < self._until_ns:
            self._turn_to(ended_ns)
        self.errors += 1
        self._second.errors += 1
        self.failures[code] = self.failures.get(code, 0) + 1
        text = f"rpc error: code = {display_name(code)} desc = {details}"
        add_message(self.messages, text, 1)
        if self._count_errors and times_ns is not None:
            self.timed_errors += 1
            self._second.timed_errors += 1
            self._second.response.record(times_ns[1])
            if not self.one_time:
                self.service.record(times_ns[0])
        if self._details_at_most > len(self.details):
            self.details.append((ended_ns, times_ns[0] if times_ns else 0, code, text))
        return True

    def take(self, before: int | None) -> list[Tallied]:
        """The seconds below `before`, or all; what else there comes to them is taken later."""
        self._record_times()
        taken = self.seconds.take(before)
        self._from_ns = self._until_ns = 0
        return taken

    def _turn_to(self, moment_ns: int) -> None:
        """Has what follows counted in the second of this moment."""
        self._record_times()
        self._second = self.seconds.at(max(0, moment_ns - self._begin_ns) // SECOND_NS)
        self._from_ns = self._begin_ns + self._second.second * SECOND_NS
        self._until_ns = self._from_ns + SECOND_NS

    def _record_times(self) -> None:
        if self._times:
            self._second.response.record_all(self._times)
            self._times.clear()
