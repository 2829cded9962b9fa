"""The loop at the heart of a run: which call starts when, on which connection, and what became of it."""

import asyncio
import time
from collections import deque
from typing import Final

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.metadata import encoded_metadata, encoded_timeout, request_block
from gatelab.grpc_wire.outcome import Closed, status_of
from gatelab.grpc_wire.status import StatusCode
from gatelab.load.calls import Call
from gatelab.load.histogram import Histogram
from gatelab.load.links import Links
from gatelab.load.pacing import Alarm
from gatelab.load.plan import LoadPlan
from gatelab.load.schedule import Schedule
from gatelab.load.tally import Tally

# Beside one for each connection, for a server that leaves sends a GOAWAY on all of them at once.
_ATTEMPTS_AT_MOST: Final = 5
# So that a generator far behind its schedule still reads what comes back.
_STARTS_PER_TURN: Final = 256
_LATE_NS: Final = 100_000_000


class Engine:
    """Starts calls and counts their ends, driven by the alarm, by replies and by connections; nothing in it waits.

    Calls are numbered, and started in the order of their numbers. Those that are due and not started need no queue:
    they are the numbers from `started` on whose time has come.
    """

    def __init__(self, plan: LoadPlan, links: Links, loop: asyncio.AbstractEventLoop) -> None:
        self.tally = Tally()
        self.lateness = Histogram()
        self.started = 0
        self.waited = 0
        self.retried = 0
        self.in_flight: dict[Call, None] = {}
        """In the order in which they were started."""
        self.finished: asyncio.Future[None] = loop.create_future()
        """Done when all is started and nothing is in flight."""
        self.last_ns = 0
        """When the last call ended."""
        self.overrun = False
        """Calls were still out long after the end."""
        self._plan = plan
        self._links = links
        self._schedule = plan.open_schedule()
        self._alarm = Alarm(loop, self._on_time)
        self._block = _request_block(plan)
        self._body = framed(plan.message)
        self._pod_key = plan.pod_key.lower().encode()
        self._timeout_ns = int(plan.timeout_s * 1e9)
        self._again: deque[Call] = deque()
        self._begin_ns = 0
        self._end_ns = 0
        self._blocked = False
        self._pumping = False
        self._stopped = False

    def begin(self) -> None:
        self._begin_ns = self.last_ns = time.monotonic_ns()
        duration_s = self._plan.duration_s
        self._end_ns = self._begin_ns + int((duration_s if duration_s is not None else 1e9) * 1e9)
        self._pump()

    @property
    def schedule(self) -> Schedule | None:
        return self._schedule

    @property
    def begin_ns(self) -> int:
        return self._begin_ns

    @property
    def end_ns(self) -> int:
        """The end of the plan, if it has one in time; calls in flight may end later."""
        return self._end_ns

    def due(self) -> int:
        """Calls that an open loop should have started so far."""
        return self._due_before(min(self._end_ns, self.last_ns))

    @property
    def waiting(self) -> int:
        """Calls that are due and have not started."""
        return max(0, self._due_before(time.monotonic_ns()) - self.started) + len(self._again)

    def unsent(self) -> int:
        """Calls that were due before the end of the plan and never started; 0 in a closed loop."""
        return max(0, self.due() - self.started)

    def expire(self, now_ns: int) -> None:
        """Ends the calls that have had their time without an answer."""
        for call in list(self.in_flight):
            if call.sent_ns + self._timeout_ns > now_ns:
                break
            self._abandon(call, StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded")
        if now_ns >= self._end_ns:
            self._settle(now_ns)
        self._pump()

    def abandon_all(self, code: StatusCode, details: str) -> None:
        """Ends every call that is out, with this status."""
        for call in list(self.in_flight):
            self._abandon(call, code, details)

    def stop(self) -> None:
        """Starts no more calls."""
        self._stopped = True
        self._again.clear()
        self._settle(time.monotonic_ns())

    def close(self) -> None:
        """Lets go of the alarm; calls still in flight are reset and not counted."""
        self._stopped = True
        for call in self.in_flight:
            self._reset(call)
        self.in_flight.clear()
        self._alarm.close()

    def connected(self) -> None:
        """A connection is up again."""
        self._pump()

    def unreachable(self, reason: str) -> None:
        """An attempt to connect has failed: with no connection left, what is due fails, as in a gRPC channel."""
        if self._links.pick() is not None or self._stopped:
            return
        now_ns = time.monotonic_ns()
        self.last_ns = now_ns
        while self._again:
            self._again.pop()
            self.tally.error(StatusCode.UNAVAILABLE, reason)
        room = self._plan.concurrency - len(self.in_flight)
        while (due_ns := self._next_due(now_ns)) is not None and due_ns <= now_ns and room > 0:
            self.started += 1
            self.tally.error(StatusCode.UNAVAILABLE, reason)
            room -= self._schedule is None
        self._settle(now_ns)

    def ended(self, call: Call, closed: Closed) -> None:
        """A stream has closed: counts the call, or queues it again if the server promised not to have seen it."""
        now_ns = time.monotonic_ns()
        self.in_flight.pop(call, None)
        attempts_at_most = _ATTEMPTS_AT_MOST + len(self._links.links)
        if closed.unprocessed and call.attempts < attempts_at_most and not self._stopped:
            self.retried += 1
            call.response_headers = call.trailers = ()
            self._again.append(call)
        else:
            self.last_ns = now_ns
            self._count(call, closed, now_ns)
        if not self._pumping:
            self._pump()

    def _count(self, call: Call, closed: Closed, now_ns: int) -> None:
        code: bytes | None = None
        pod: bytes | None = None
        for block in (call.response_headers, call.trailers):
            for name, value in block:
                if name == b"grpc-status":
                    code = value
                elif name == self._pod_key:
                    pod = value
        link = call.link
        if link is not None:
            link.count += 1
            if pod is not None:
                link.pods[pod] = link.pods.get(pod, 0) + 1
        if code == b"0":
            arrived_ns = max(call.sent_ns, call.protocol.arrived_ns if call.protocol is not None else now_ns)
            self.tally.ok(arrived_ns - call.sent_ns, arrived_ns - call.intended_ns)
        else:
            self.tally.error(*status_of(call.response_headers, call.trailers, closed))

    def _on_time(self) -> None:
        """Starts what the alarm has rung for, and writes it in this turn of the loop."""
        self._pump()
        for link in self._links.links:
            link.protocol.flush_scheduled()

    def _pump(self) -> None:
        """Starts what is due, as far as there are slots and connections, and sets the alarm for what comes next."""
        if self._pumping or self._stopped:
            return
        self._pumping = True
        try:
            for _ in range(_STARTS_PER_TURN):
                if not self._start_next(time.monotonic_ns()):
                    break
            else:
                self._alarm.at(time.monotonic_ns())
        finally:
            self._pumping = False
        if not self.in_flight:
            self._settle(time.monotonic_ns())

    def _start_next(self, now_ns: int) -> bool:
        """Starts one call; False when there is nothing to start now."""
        due_ns = now_ns if self._again else self._next_due(now_ns)
        if due_ns is None:
            return False
        if due_ns > now_ns:
            self._blocked = False
            self._alarm.at(due_ns)
            return False
        if len(self.in_flight) >= self._plan.concurrency or (link := self._links.pick()) is None:
            self._blocked = True
            return False
        call = self._again.popleft() if self._again else self._new_call(due_ns, now_ns)
        call.attempts += 1
        call.link = link
        call.protocol = protocol = link.protocol
        self.in_flight[call] = None
        call.stream_id = stream_id = protocol.session.open(self._block, call)
        if stream_id:
            protocol.session.send(stream_id, self._body, end=True)
            protocol.touch()
        if call.attempts == 1:
            # Now, and not before: what the generator takes to make a request is not the server's time.
            call.sent_ns = time.monotonic_ns()
            if self._schedule is None:
                call.intended_ns = call.sent_ns
        return True

    def _new_call(self, due_ns: int, now_ns: int) -> Call:
        self.started += 1
        if self._schedule is not None:
            if self._blocked:
                self.waited += 1
            else:
                self.lateness.record(now_ns - due_ns)
        return Call(self, due_ns, now_ns)

    def _next_due(self, now_ns: int) -> int | None:
        """When the next new call is meant to start; None when there is none.

        What had to wait for a slot or a connection until the end of the plan is not started any more; what the
        generator itself is late with by less than `_LATE_NS` is.
        """
        if self._plan.total is not None and self.started >= self._plan.total:
            return None
        if self._schedule is None:
            return None if now_ns >= self._end_ns else now_ns
        offset_ns = self._schedule.at_ns(self.started)
        if offset_ns is None or self._begin_ns + offset_ns >= self._end_ns:
            return None
        if now_ns >= self._end_ns and (self._blocked or now_ns >= self._end_ns + _LATE_NS):
            return None
        return self._begin_ns + offset_ns

    def _due_before(self, moment_ns: int) -> int:
        """How many calls an open loop should have started by then; times never go back, so it is searched by halves."""
        if self._schedule is None or moment_ns <= self._begin_ns:
            return 0
        offset_ns, low, high = moment_ns - self._begin_ns, 0, 1
        while (at_ns := self._schedule.at_ns(high)) is not None and at_ns < offset_ns:
            low, high = high, high * 2
        while low < high:
            middle = (low + high) // 2
            at_ns = self._schedule.at_ns(middle)
            if at_ns is not None and at_ns < offset_ns:
                low = middle + 1
            else:
                high = middle
        return self._at_most(low)

    def _at_most(self, count: int) -> int:
        return count if self._plan.total is None else min(count, self._plan.total)

    def _abandon(self, call: Call, code: StatusCode, details: str) -> None:
        self._reset(call)
        del self.in_flight[call]
        self.last_ns = time.monotonic_ns()
        self.tally.error(code, details)
        if call.link is not None:
            call.link.count += 1

    def _reset(self, call: Call) -> None:
        if call.protocol is not None:
            call.protocol.session.cancel(call.stream_id)
            call.protocol.touch()

    def _settle(self, now_ns: int) -> None:
        """Notices the end of the run."""
        if self.finished.done() or self.in_flight or self._again:
            return
        if self._stopped or self._next_due(now_ns) is None:
            self.finished.set_result(None)


def _request_block(plan: LoadPlan) -> HeaderBlock:
    """The same for every call, so it is made once; `grpc-timeout` is the same for every call too."""
    block = request_block(
        path=plan.path,
        authority=plan.authority or f"{plan.host}:{plan.port}",
        scheme="https" if plan.tls is not None else "http",
        metadata=encoded_metadata(plan.metadata),
    )
    return (*block, (b"grpc-timeout", encoded_timeout(plan.timeout_s)))
