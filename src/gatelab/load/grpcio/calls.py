"""Channels and calls of grpcio: what a plan says of them, in that library's terms."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from gatelab.grpc_wire.channel import host_of
from gatelab.grpc_wire.errors import ConnectError
from gatelab.load.plan import Address, LoadPlan
from gatelab.load.requests import Request, RequestError

_HEALTH: Final = "/grpc.health.v1.Health/Check"


class Answer(NamedTuple):
    """What became of a call; `code` 0 is OK."""

    code: int
    details: str
    pod: str | None


@dataclass(slots=True)
class Lane:
    """A channel with one connection, and what went over it."""

    number: int
    target: Address
    channel: grpc.aio.Channel
    plan: LoadPlan
    count: int = 0
    pods: dict[str, int] = field(default_factory=dict)

    def add(self, pod: str | None) -> None:
        """Counts a call that ended here."""
        self.count += 1
        if pod is not None:
            self.pods[pod] = self.pods.get(pod, 0) + 1

    async def perform(self, request: Request) -> Answer:
        """Makes one call, to its end; cancelling it resets the stream."""
        plan, stream = self.plan, self.plan.stream
        metadata = [*(plan.metadata if request.metadata is None else request.metadata)]
        sent: Any = next(iter(request.messages), b"")
        if stream is not None and stream.client_streaming:
            sent = _sent(request.messages, stream.interval_s, stream.call_duration_s)
        call = self._method()(sent, timeout=plan.timeout_s, metadata=metadata)
        code, details = 0, ""
        try:
            if stream is None or not stream.server_streaming:
                await call
            elif await _had_enough(call, plan):
                pod = self._pod(await call.initial_metadata())
                call.cancel()
                return Answer(0, "", pod)
        except grpc.aio.AioRpcError as error:
            code, details = error.code().value[0], error.details() or ""
        return Answer(code, details, self._pod(await call.initial_metadata(), await call.trailing_metadata()))

    def _method(self) -> Any:
        stream = self.plan.stream
        if stream is None:
            return self.channel.unary_unary(self.plan.path)
        kinds = {
            (False, False): self.channel.unary_unary,
            (True, False): self.channel.stream_unary,
            (False, True): self.channel.unary_stream,
            (True, True): self.channel.stream_stream,
        }
        return kinds[stream.client_streaming, stream.server_streaming](self.plan.path)

    def _pod(self, *blocks: Any) -> str | None:
        key = self.plan.pod_key.lower()
        return next((str(value) for block in blocks for name, value in block or () if name == key), None)


async def _sent(messages: Iterable[bytes], interval_s: float, duration_s: float) -> AsyncIterator[bytes]:
    """A client stream: `duration_s` after its beginning it ends."""
    loop = asyncio.get_running_loop()
    end = loop.time() + duration_s if duration_s else None
    for message in messages:
        if end is not None and loop.time() >= end:
            return
        yield message
        if interval_s:
            await asyncio.sleep(interval_s)


async def _had_enough(call: Any, plan: LoadPlan) -> bool:
    """Reads a stream of the server's; True when the client wants no more of it, False at its end."""
    stream = plan.stream
    assert stream is not None
    end_s = stream.call_duration_s if stream.call_duration_s and not stream.client_streaming else None
    count = 0
    try:
        async with asyncio.timeout(end_s):
            async for _ in call:
                count += 1
                if count == stream.receive_count:
                    return True
    except TimeoutError:
        return True
    return False


async def lane_to(plan: LoadPlan, number: int, target: Address) -> Lane:
    """With its connection. Raises ConnectError in grpcio's words."""
    name = _name(target)
    if plan.tls is None:
        channel = grpc.aio.insecure_channel(name, options=_options(plan), compression=_compression(plan))
    else:
        found = plan.credentials
        secret = grpc.ssl_channel_credentials(*((found.roots, found.key, found.certificate) if found else ()))
        channel = grpc.aio.secure_channel(name, secret, options=_options(plan), compression=_compression(plan))
    try:
        async with asyncio.timeout(plan.connect_timeout_s):
            await _ready(channel, name)
    except TimeoutError:
        await channel.close()
        text = f"connect to {target[0]}:{target[1]}: context deadline exceeded (by grpcio)"
        raise ConnectError(text) from None
    except BaseException:
        await channel.close()
        raise
    return Lane(number, target, channel, plan)


async def _ready(channel: grpc.aio.Channel, name: str) -> None:
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            # Only a call tells why; where there is no connection it goes nowhere.
            try:
                await channel.unary_unary(_HEALTH)(b"", timeout=1)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.UNAVAILABLE:
                    raise ConnectError(f"connect to {name} by grpcio: {error.details()}") from error
        await channel.wait_for_state_change(state)
        state = channel.get_state(try_to_connect=True)


def _name(target: Address) -> str:
    host, port = target
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return f"dns:///{host}:{port}"
    return f"ipv4:{host}:{port}" if version == 4 else f"ipv6:[{host}]:{port}"


def _compression(plan: LoadPlan) -> grpc.Compression:
    return grpc.Compression.Gzip if plan.gzip else grpc.Compression.NoCompression


def _options(plan: LoadPlan) -> list[tuple[str, Any]]:
    authority = plan.authority or f"{plan.host}:{plan.port}"
    options: list[tuple[str, Any]] = [
        ("grpc.default_authority", authority),
        ("grpc.use_local_subchannel_pool", 1),  # else channels to one address share a connection
        ("grpc.enable_retries", 0),
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_send_message_length", -1 if plan.max_send_bytes is None else plan.max_send_bytes),
        ("grpc.max_receive_message_length", -1 if plan.max_receive_bytes is None else plan.max_receive_bytes),
    ]
    if plan.tls is not None:
        options.append(("grpc.ssl_target_name_override", plan.server_name or host_of(authority)))
    if plan.keepalive_s:
        options.append(("grpc.keepalive_time_ms", round(plan.keepalive_s * 1000)))
        options.append(("grpc.keepalive_permit_without_calls", 1))
    return options


def checked(request: Request) -> Request:
    """With its messages made. Raises RequestError."""
    try:
        return request._replace(messages=tuple(request.messages))
    except ValueError as error:
        raise error if isinstance(error, RequestError) else RequestError(str(error)) from error
