"""The loop at the heart of a run: which call starts when, on which connection, and what became of it."""

import asyncio
import time
from collections import deque
from typing import Final

from gatelab.grpc_wire.http2 import HeaderBlock, field
from gatelab.grpc_wire.outcome import OUT_OF_TIME, Closed, Status, status_of
from gatelab.grpc_wire.status import StatusCode
from gatelab.load.agenda import Agenda
from gatelab.load.counting.tally import Tally
from gatelab.load.native.calls import Call
from gatelab.load.native.links import Link, Links, Seen
from gatelab.load.native.opening import Opener
from gatelab.load.native.pacing import Alarm
from gatelab.load.plan import LoadPlan
from gatelab.load.requests import RequestError

# Beside one for each connection, for a server that leaves sends a GOAWAY on all of them at once.
_ATTEMPTS_AT_MOST: Final = 5
# So that a generator far behind its schedule still reads what comes back.
_STARTS_PER_TURN: Final = 256

_NOT_ONE_MESSAGE: Final = Status(StatusCode.INTERNAL, "cardinality violation: not one whole message in the response")


class Engine:
    """Starts calls and counts their ends, driven by the alarm, by replies and by connections; nothing in it waits.

    The numbers that requests see begin with `first`.
    """

    def __init__(
        self, plan: LoadPlan, links: Links, loop: asyncio.AbstractEventLoop, *, begin_ns: int, first: int = 0
    ) -> None:
        self.agenda = Agenda(plan, begin_ns)
        self._is_closed_loop = self.agenda.schedule is None
        self._answers_stream = plan.stream is not None and plan.stream.server_streaming
        self.tally = Tally(
            begin_ns,
            one_time=self._is_closed_loop,
            skip=plan.skip_first,
            count_errors=plan.count_errors,
            details_at_most=plan.details_at_most,
        )
        self.retried = 0
        self.in_flight: dict[Call, None] = {}
        """In the order in which they were started."""
        self.finished: asyncio.Future[None] = loop.create_future()
        """Done when all is started and nothing is in flight."""
        self.last_ns = begin_ns
        """When the last call ended."""
        self.overrun = False
        """Calls were still out long after the end."""
        self._concurrency = plan.most_at_first()
        self._plan = plan
        self._loop = loop
        self._links = links
        self._opener = Opener(plan, loop, first=first, enough=self._enough, failed=self._message_failed)
        self._alarm = Alarm(loop, self._on_time)  # after what may fail: it holds a file
        self._pod_key = plan.pod_key.lower().encode()
        self._timeout_ns = int(plan.timeout_s * 1e9)
        self._again: deque[Call] = deque()
        self._pumping = False
        self._stopped = False

    def begin(self) -> None:
        """From `begin_ns` on, calls are started."""
        self._pump()

    @property
    def waiting(self) -> int:
        """Calls that are due and have not started."""
        return max(0, self.agenda.due_before(time.monotonic_ns()) - self.agenda.started) + len(self._again)

    def expire(self, now_ns: int) -> None:
        """Ends the calls that have had their time without an answer."""
        for call in list(self.in_flight):
            if call.sent_ns + self._timeout_ns > now_ns:
                break
            self._abandon(call, StatusCode.DEADLINE_EXCEEDED, OUT_OF_TIME.details)
        if now_ns >= self.agenda.end_ns:
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
        self._drop_all()

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
        self._drop_all()
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
        room, agenda = self._concurrency - len(self.in_flight), self.agenda
        while (due_ns := agenda.next_ns(now_ns)) is not None and due_ns <= now_ns and room > 0:
            agenda.started += 1
            self.tally.error(StatusCode.UNAVAILABLE, reason, now_ns)
            room -= agenda.schedule is None
        self._settle(now_ns)

    def ended(self, call: Call, closed: Closed) -> None:
        """A stream has closed: counts the call, or queues it again if the server promised not to have seen it."""
        self.in_flight.pop(call, None)
        if call.sender is not None or call.timer is not None:
            call.quiet()
        if closed.unprocessed and not self._stopped and call.attempts < _ATTEMPTS_AT_MOST + len(self._links.links):
            self.retried += 1
            call.response_headers = call.trailers = ()
            self._again.append(call)
        else:
            self.last_ns = now_ns = time.monotonic_ns()
            if self._opener.same is None:
                self._opener.give_back(call.slot)
            self._count(call, closed, now_ns)
        if not self._pumping:
            if self._is_closed_loop:
                # A caller stays on its connection, as in ghz; the answers of one read make one write that way.
                self._links.preferred = call.link
            self._pump()

    def _count(self, call: Call, closed: Closed, now_ns: int) -> None:
        link = call.link
        assert link is not None
        assert call.protocol is not None
        seen = link.seen
        if seen.headers != call.response_headers or seen.trailers != call.trailers:
            seen = link.seen = self._read(call.response_headers, call.trailers)
        code, arrived_ns = seen.code, call.protocol.arrived_ns
        if arrived_ns < call.sent_ns:
            arrived_ns = call.sent_ns
        if code == b"0" and (self._answers_stream or call.has_one_message()):
            counts = self.tally.ok(arrived_ns, arrived_ns - call.sent_ns, arrived_ns - call.intended_ns)
        else:
            status = status_of(call.response_headers, call.trailers, closed)
            if code == b"0":
                status = _NOT_ONE_MESSAGE
            if call.attempts and now_ns >= call.sent_ns + self._timeout_ns:
                status = OUT_OF_TIME  # the server, or what is between, was quicker to end it than the next look here
            counts = self._failed(call, *status, arrived_ns)
        if counts:
            link.add(seen.pod)

    def _read(self, headers: HeaderBlock, trailers: HeaderBlock) -> Seen:
        """What a call is counted by."""
        found = dict((*headers, *trailers))
        return Seen(headers, trailers, found.get(b"grpc-status"), found.get(self._pod_key))

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
        now_ns = self._let_go(call)
        counts = self.tally.ok(now_ns, now_ns - call.sent_ns, now_ns - call.intended_ns)
        if counts and call.link is not None:
            call.link.add(field(call.response_headers, self._pod_key))
        self._loop.call_soon(self._pump)

    def _message_failed(self, call: Call, error: RequestError) -> None:
        self._abandon(call, error.code, str(error))

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
                if self._is_closed_loop and len(self.in_flight) >= self._concurrency:
                    break  # which is so after each start but the first ones: there is nothing to look up
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
        agenda = self.agenda
        due_ns = now_ns if self._again else agenda.next_ns(now_ns)
        if due_ns is None:
            return False
        if due_ns > now_ns:
            agenda.blocked = False
            self._alarm.at(due_ns)
            return False
        if len(self.in_flight) >= self._concurrency or (link := self._links.pick()) is None:
            agenda.blocked = True
            return False
        if self._again:
            call = self._again.popleft()
        else:
            number = agenda.start(due_ns, now_ns)
            call = Call(self, due_ns, now_ns, self._opener.same)
            if call.request is None and not self._prepared(call, number, link):
                return True
        call.attempts += 1
        call.link = link
        call.protocol = link.protocol
        self.in_flight[call] = None
        self._opener.open(call)
        if call.attempts == 1:
            # Now, and not before: what the generator takes to make a request is not the server's time.
            call.sent_ns = time.monotonic_ns()
            if self._is_closed_loop:
                call.intended_ns = call.sent_ns
        return True

    def _prepared(self, call: Call, number: int, link: Link) -> bool:
        """False when its request cannot be made; the call has failed then."""
        try:
            self._opener.prepare(call, number, link)
        except RequestError as error:
            self._opener.give_back(call.slot)
            self.last_ns = time.monotonic_ns()
            self.tally.error(error.code, str(error), self.last_ns)
            return False
        return True

    def _abandon(self, call: Call, code: StatusCode, details: str) -> None:
        if call not in self.in_flight:
            return
        now_ns = self._let_go(call)
        if self._failed(call, code, details, now_ns) and call.link is not None:
            call.link.count += 1
        self._loop.call_soon(self._pump)

    def _let_go(self, call: Call) -> int:
        """Ends a call from this side, now."""
        self._reset(call)
        del self.in_flight[call]
        self.last_ns = time.monotonic_ns()
        self._opener.give_back(call.slot)
        return self.last_ns

    def _reset(self, call: Call) -> None:
        call.quiet()
        if call.protocol is not None:
            call.protocol.session.cancel(call.stream_id)
            call.protocol.touch()

    def _drop_all(self) -> None:
        """Ends what is in flight without counting it."""
        for call in self.in_flight:
            self._reset(call)
        self.in_flight.clear()

    def _settle(self, now_ns: int) -> None:
        """Notices the end of the run."""
        if self.finished.done() or self.in_flight or self._again:
            return
        if self._stopped or self.agenda.next_ns(now_ns) is None:
            self.finished.set_result(None)
