"""The loop at the heart of a run: which call starts when, on which connection, and what became of it."""

import asyncio
import time
from collections import deque
from functools import partial
from typing import Final

from gatelab.grpc_wire.http2 import field
from gatelab.grpc_wire.outcome import Closed, status_of
from gatelab.grpc_wire.status import StatusCode
from gatelab.load.calls import Call
from gatelab.load.histogram import Histogram
from gatelab.load.links import Link, Links
from gatelab.load.pacing import Alarm
from gatelab.load.plan import LoadPlan
from gatelab.load.requests import RequestError, Requests, Wire
from gatelab.load.schedule import Arrivals, calls_before
from gatelab.load.streams import MessageCounter, Sender
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
        self.tally = Tally(skip=plan.skip_first, count_errors=plan.count_errors, details_at_most=plan.details_at_most)
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
        self._concurrency = plan.callers.start if plan.callers is not None else plan.concurrency
        self._plan = plan
        self._loop = loop
        self._links = links
        self._schedule = plan.open_schedule()
        self._alarm = Alarm(loop, self._on_time)
        self._requests = _requests(plan)
        self._pod_key = plan.pod_key.lower().encode()
        self._timeout_ns = int(plan.timeout_s * 1e9)
        self._again: deque[Call] = deque()
        self._begin_ns = 0
        self._end_ns = 0
        self._counts_messages = plan.stream is not None or plan.max_receive_bytes is not None
        self._blocked = False
        self._pumping = False
        self._stopped = False

    def begin(self) -> None:
        self._begin_ns = self.last_ns = time.monotonic_ns()
        duration_s = self._plan.duration_s
        self.tally.begin(self._begin_ns)
        self._end_ns = self._begin_ns + int((duration_s if duration_s is not None else 1e9) * 1e9)
        self._pump()

    @property
    def schedule(self) -> Arrivals | None:
        return self._schedule

    @property
    def begin_ns(self) -> int:
        return self._begin_ns

    @property
    def end_ns(self) -> int:
        """The end of the plan, if it has one in time; calls in flight may end later."""
        return self._end_ns

    def pods(self) -> dict[str, int]:
        """Calls by pod, so far."""
        return self._links.pods()

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
            if self._plan.at_end != "wait":
                self._cut()
            self._settle(now_ns)
        self._pump()

    def resize(self, concurrency: int) -> None:
        """From now on so many calls may be in flight; those that are go on."""
        self._concurrency = concurrency
        self._pump()

    def _cut(self) -> None:
        """Ends what is in flight at the end of the plan."""
        self._stopped = True
        self._again.clear()
        if self._plan.at_end == "close":
            self.abandon_all(StatusCode.UNAVAILABLE, "the client closed the connection at the end of the run")
        for call in self.in_flight:
            self._reset(call)
        self.in_flight.clear()

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
            self.tally.error(StatusCode.UNAVAILABLE, reason, now_ns)
        room = self._concurrency - len(self.in_flight)
        while (due_ns := self._next_due(now_ns)) is not None and due_ns <= now_ns and room > 0:
            self.started += 1
            self.tally.error(StatusCode.UNAVAILABLE, reason, now_ns)
            room -= self._schedule is None
        self._settle(now_ns)

    def ended(self, call: Call, closed: Closed) -> None:
        """A stream has closed: counts the call, or queues it again if the server promised not to have seen it."""
        now_ns = time.monotonic_ns()
        self.in_flight.pop(call, None)
        call.quiet()
        attempts_at_most = _ATTEMPTS_AT_MOST + len(self._links.links)
        if closed.unprocessed and call.attempts < attempts_at_most and not self._stopped:
            self.retried += 1
            call.response_headers = call.trailers = ()
            self._again.append(call)
        else:
            self.last_ns = now_ns
            self._requests.give_back(call.slot)
            self._count(call, closed, now_ns)
        if not self._pumping:
            if self._schedule is None:
                # A caller stays on its connection, as in ghz; the answers of one read make one write that way.
                self._links.prefer(call.link)
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
        arrived_ns = max(call.sent_ns, call.protocol.arrived_ns if call.protocol is not None else now_ns)
        if code == b"0":
            counts = self.tally.ok(arrived_ns, arrived_ns - call.sent_ns, arrived_ns - call.intended_ns)
        else:
            counts = self._failed(call, *status_of(call.response_headers, call.trailers, closed), arrived_ns)
        link = call.link
        if link is not None and counts:
            link.count += 1
            if pod is not None:
                link.pods[pod] = link.pods.get(pod, 0) + 1

    def _failed(self, call: Call, code: int, details: str, ended_ns: int) -> bool:
        times_ns = (ended_ns - call.sent_ns, ended_ns - call.intended_ns) if call.attempts else None
        return self.tally.error(code, details, ended_ns, times_ns)

    def counted(self, call: Call, too_long: int | None) -> None:
        """Messages of a watched call have come."""
        stream = self._plan.stream
        if too_long is not None:
            text = f"grpc: received message larger than max ({too_long} vs. {self._plan.max_receive_bytes})"
            self._abandon(call, StatusCode.RESOURCE_EXHAUSTED, text)
        elif stream and call.counter and stream.receive_count and call.counter.count >= stream.receive_count:
            self._enough(call)

    def _enough(self, call: Call) -> None:
        """The client has what it wanted of a stream of the server's: the call ended as it was meant to."""
        if call not in self.in_flight:
            return
        self._reset(call)
        del self.in_flight[call]
        self.last_ns = now_ns = time.monotonic_ns()
        self._requests.give_back(call.slot)
        counts = self.tally.ok(now_ns, now_ns - call.sent_ns, now_ns - call.intended_ns)
        if call.link is not None and counts:
            call.link.count += 1
            pod = field(call.response_headers, self._pod_key)
            if pod is not None:
                call.link.pods[pod] = call.link.pods.get(pod, 0) + 1
        self._loop.call_soon(self._pump)

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
        if len(self.in_flight) >= self._concurrency or (link := self._links.pick()) is None:
            self._blocked = True
            return False
        call = self._again.popleft() if self._again else self._new_call(due_ns, now_ns)
        if call.request is None and not self._make_request(call, link):
            return True
        call.attempts += 1
        call.link = link
        call.protocol = link.protocol
        self.in_flight[call] = None
        self._open(call)
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

    def _make_request(self, call: Call, link: Link) -> bool:
        """False when it cannot be made; the call has failed then."""
        call.slot = self._requests.take_slot()
        try:
            call.request = self._requests.make(self.started - 1, call.slot, link.number)
        except RequestError as error:
            self._requests.give_back(call.slot)
            self.last_ns = time.monotonic_ns()
            self.tally.error(error.code, str(error), self.last_ns)
            return False
        return True

    def _open(self, call: Call) -> None:
        assert call.protocol is not None
        assert call.request is not None
        session, stream = call.protocol.session, self._plan.stream
        if self._counts_messages:
            call.counter = MessageCounter(self._plan.max_receive_bytes)
        call.stream_id = session.open(call.request.block, call)
        if not call.stream_id:
            return
        if stream is not None and stream.client_streaming:
            call.sender = Sender(
                self._loop,
                call.protocol,
                call.stream_id,
                frame=self._requests.frame,
                failed=lambda error: self._abandon(call, error.code, str(error)),
                interval_s=stream.interval_s,
            )
            call.sender.start(call.request.messages)
        else:
            session.send(call.stream_id, call.request.body, end=True)
        call.protocol.touch()
        if stream is not None and stream.call_duration_s:
            end = call.sender.close if call.sender is not None else partial(self._enough, call)
            call.timer = self._loop.call_later(stream.call_duration_s, end)

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
        """How many calls an open loop should have started by then."""
        if self._schedule is None or moment_ns <= self._begin_ns:
            return 0
        return self._at_most(calls_before(self._schedule, moment_ns - self._begin_ns))

    def _at_most(self, count: int) -> int:
        return count if self._plan.total is None else min(count, self._plan.total)

    def _abandon(self, call: Call, code: StatusCode, details: str) -> None:
        if call not in self.in_flight:
            return
        self._reset(call)
        del self.in_flight[call]
        self.last_ns = time.monotonic_ns()
        self._requests.give_back(call.slot)
        if self._failed(call, code, details, self.last_ns) and call.link is not None:
            call.link.count += 1
        self._loop.call_soon(self._pump)

    def _reset(self, call: Call) -> None:
        call.quiet()
        if call.protocol is not None:
            call.protocol.session.cancel(call.stream_id)
            call.protocol.touch()

    def _settle(self, now_ns: int) -> None:
        """Notices the end of the run."""
        if self.finished.done() or self.in_flight or self._again:
            return
        if self._stopped or self._next_due(now_ns) is None:
            self.finished.set_result(None)


def _requests(plan: LoadPlan) -> Requests:
    """What is the same for every call is made once; `grpc-timeout` is the same for every call too."""
    wire = Wire(
        path=plan.path,
        authority=plan.authority or f"{plan.host}:{plan.port}",
        scheme="https" if plan.tls is not None else "http",
        metadata=plan.metadata,
        timeout_s=plan.timeout_s,
        gzip=plan.gzip,
        max_send_bytes=plan.max_send_bytes,
    )
    client_stream = plan.stream is not None and plan.stream.client_streaming
    return Requests(wire, plan.message, plan.source, client_stream=client_stream)
