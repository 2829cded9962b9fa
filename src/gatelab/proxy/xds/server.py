"""The sessions' shell: a gRPC server that speaks delta ADS and nothing else."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gatelab.proxy.model import Acceptance, Endpoints, ProxyConfig
from gatelab.proxy.resources import MANY
from gatelab.proxy.xds.meter import XdsMeter
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from gatelab.telemetry import Reading

_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_METHOD = "DeltaAggregatedResources"
ADDRESS_RETRY_S = 5.0
"""How often a listener is tried again whose address was taken by somebody."""
CLOSE_GRACE_S = 1.0
"""What a stream has to end by itself, before it is broken off."""

_OPTIONS = (
    # A second control plane on the same port must fail, not share it.
    ("grpc.so_reuseport", 0),
    # Envoy names everything it has when it reconnects.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class XdsServer:
    """The control plane's side of every Envoy. A proxy is named by Envoy's `node.cluster`; it may be several Envoys.

    `address` is `unix:/path` or `host:port`. Nothing is sent to an Envoy before its proxy's configuration and, when it
    has backends, endpoints are published: a restarted control plane changes nothing until it knows what it wants.
    Use as an async context manager; the rest may be called before it is entered, always from the event loop's thread.
    """

    def __init__(
        self, address: str, *, credentials: grpc.ServerCredentials | None = None, many_hosts: int = MANY
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._proxies = Proxies(many_hosts)
        self._meter = XdsMeter()
        self._server: grpc.aio.Server | None = None
        self._streams: set[asyncio.Event] = set()
        self._is_closing = False

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError when the address cannot be bound."""
        self._is_closing = False
        self._server = server = grpc.aio.server(options=_OPTIONS)
        handler = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=DeltaDiscoveryRequest.FromString,
            response_serializer=DeltaDiscoveryResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: handler}),))
        try:
            if self._credentials is None:
                server.add_insecure_port(self._address)
            else:
                server.add_secure_port(self._address, self._credentials)
        except RuntimeError as error:
            raise OSError(f"xDS cannot listen on {self._address}: {error}") from None
        await server.start()
        if self._address.startswith("unix:"):
            os.chmod(self._address.removeprefix("unix:"), 0o600)  # noqa: PTH101 - in no time
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at once; Envoys keep what they have and come back when somebody listens again.

        The streams end by themselves first: gRPC logs an error for each one that reads from a server that has stopped.
        """
        if self._server is not None:
            self._is_closing = True
            for due in self._streams:
                due.set()
            await self._server.stop(CLOSE_GRACE_S)
            self._server = None

    def publish(self, proxy: str, config: ProxyConfig) -> None:
        """What the proxy shall do, but for endpoints. Raises ValueError for a configuration that cannot be encoded."""
        self._proxies.publish(proxy, config)

    def publish_endpoints(self, proxy: str, endpoints: Endpoints) -> None:
        """Where all backends of the proxy are; a backend without an entry has none.

        Nothing is sent until this was called once. A change of backends and their endpoints is published in one go, in
        either order but without an `await` in between, so that no Envoy sees one without the other.
        """
        self._proxies.publish_endpoints(proxy, endpoints)

    def remove(self, proxy: str) -> None:
        """Forget the proxy; an Envoy that still runs keeps what it has."""
        self._proxies.remove(proxy)

    def acceptance(self, proxy: str) -> Acceptance:
        """How far the proxy's Envoys have come with what was published."""
        return self._proxies.acceptance(proxy)

    def subscribe(self, callback: Callable[[str], None]) -> None:
        """Be called with the proxy's name after each change of its acceptance. The callback must not block or raise."""
        self._proxies.subscribe(callback)

    def readings(self) -> Iterable[Reading]:
        """What the server counts, for metrics."""
        return self._meter.readings(self._proxies.connected)

    async def _stream(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Any) -> None:
        session, due = Session(self._meter), asyncio.Event()
        self._streams.add(due)

        async def read() -> None:
            async for request in requests:
                self._proxies.receive(session, request, due.set)

        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(read())
                reader.add_done_callback(lambda _: due.set())
                while not (reader.done() or self._is_closing):
                    await _wait(due, session)
                    due.clear()
                    for response in session.responses() if not self._is_closing else ():
                        await _write(context, response)
                reader.cancel()
            context.set_code(grpc.StatusCode.UNAVAILABLE)
            context.set_details("the control plane ends this stream: come again")
        finally:
            self._streams.discard(due)
            self._proxies.detach(session)


async def _write(context: Any, response: DeltaDiscoveryResponse) -> None:
    """Raises CancelledError where Envoy has gone: gRPC cancels the stream itself, but a write may hear of it first."""
    try:
        await context.write(response)
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None


async def _wait(due: asyncio.Event, session: Session) -> None:
    """Until there may be something to send; a taken address is tried again from time to time."""
    while not due.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), ADDRESS_RETRY_S)
            return
        if session.retry_addresses():
            return
