"""What goes out for a call: its request, made and sent."""

import asyncio
from collections.abc import Callable
from functools import partial

from gatelab.grpc_wire.transport import ClientProtocol
from gatelab.load.native.calls import Call
from gatelab.load.native.links import Link
from gatelab.load.native.streams import MessageCounter, Sender
from gatelab.load.plan import LoadPlan
from gatelab.load.recipe import source_of
from gatelab.load.requests import Prepared, RequestError, Requests, Wire
from gatelab.load.stream_plan import StreamPlan


class Opener:
    """Makes the requests of a run, and opens the streams that carry them.

    `enough` is told of a stream whose time is over, `failed` of one whose next message could not be made.
    """

    def __init__(
        self,
        plan: LoadPlan,
        loop: asyncio.AbstractEventLoop,
        *,
        first: int,
        enough: Callable[[Call], None],
        failed: Callable[[Call, RequestError], None],
    ) -> None:
        self._loop = loop
        self._first = first
        self._enough = enough
        self._failed = failed
        self._share = plan.share
        self._stream = plan.stream
        self._max_receive_bytes = plan.max_receive_bytes
        self._counts_messages = plan.stream is not None or plan.max_receive_bytes is not None
        self._requests = requests_of(plan)
        self.same = self._requests.same
        """The request that all calls send; None where each has its own, and a slot to give back."""
        self.give_back = self._requests.give_back

    def prepare(self, call: Call, number: int, link: Link) -> None:
        """Makes the request of call `number`, where all do not send the same. Raises RequestError."""
        call.slot = self._requests.take_slot()
        share = self._share
        caller = share.number(call.slot), share.number(link.number)
        call.request = self._requests.make(share.number(self._first + number), *caller)

    def open(self, call: Call) -> None:
        """Sends the request on the call's connection; a stream's first message of several."""
        protocol, request = call.protocol, call.request
        assert protocol is not None
        assert request is not None
        if self._counts_messages:
            call.counter = MessageCounter(self._max_receive_bytes)
        if self._stream is not None:
            self._open_stream(call, protocol, request, self._stream)
        else:
            call.stream_id = protocol.session.request(request.block, request.body, call)
        if call.stream_id and not protocol.scheduled:
            protocol.touch()

    def _open_stream(self, call: Call, protocol: ClientProtocol, request: Prepared, stream: StreamPlan) -> None:
        if stream.client_streaming:
            call.stream_id = protocol.session.open(request.block, call)
        else:
            call.stream_id = protocol.session.request(request.block, request.body, call)
        if not call.stream_id:
            return
        if stream.client_streaming:
            call.sender = Sender(
                self._loop,
                protocol,
                call.stream_id,
                frame=self._requests.frame,
                failed=partial(self._failed, call),
                interval_s=stream.interval_s,
            )
            call.sender.start(request.messages)
        if stream.call_duration_s:
            end = call.sender.close if call.sender is not None else partial(self._enough, call)
            call.timer = self._loop.call_later(stream.call_duration_s, end)


def requests_of(plan: LoadPlan) -> Requests:
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
    return Requests(wire, plan.message, source_of(plan.source), client_stream=client_stream)
