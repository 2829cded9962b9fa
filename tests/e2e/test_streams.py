"""Streams of gRPC that are under way live through what is changed around them, and end well with their pod."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from front_lab import (
    ENVOY,
    a_listener_comes_and_goes,
    edit_routes,
    end_control_plane,
    envoys,
    patch,
    rolled,
    rotate_certificate,
    target,
)
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode
from long_streams import ECHO, ENDLESS, LongStreams, asked, decoded
from mixed_traffic import Target, client_tls
from running_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
FEW, EVERY_MS = 30, 100
"""A stream that ends by itself within the time that a pod gets, 3 s long, whenever it began."""


@pytest.fixture
def streams(front: Lab) -> Iterator[LongStreams]:
    """The same ones before, during and after the test."""
    with LongStreams(target(front)) as running:
        yield running
        running.go_on()


def test_routes_are_edited_and_leave_the_backend(front: Lab, streams: LongStreams) -> None:
    """Every second edit takes the backend, and with it Envoy's cluster, out of the route."""
    for _ in range(3):
        edit_routes(front, 4)
        streams.go_on()
    away = [{"backendRefs": [{"name": "twin-calls", "port": 3000}]}]
    patch(front, "grpcroute/calls", "replace", "/spec/rules", away)
    streams.go_on()
    patch(front, "grpcroute/calls", "replace", "/spec/rules", [{"backendRefs": [{"name": "calls", "port": 3000}]}])


def test_endpoints_come(front: Lab, streams: LongStreams) -> None:
    for replicas in (3, 5):
        front.kubectl("scale", "deployment/calls", f"--replicas={replicas}")
        rolled(front, "calls")
        streams.go_on()


def test_listeners_and_certificates_change(front: Lab, streams: LongStreams) -> None:
    for number in (1, 0):
        a_listener_comes_and_goes(front)
        rotate_certificate(front, number)
        streams.go_on()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_the_control_plane_ends(front: Lab, streams: LongStreams, by: signal.Signals) -> None:
    end_control_plane(front, by)
    streams.go_on()
    edit_routes(front, 4)
    streams.go_on()


async def test_streams_end_with_their_pod(front: Lab) -> None:
    """Those that can end within its grace come to their end; the others are told, in trailers, that it goes."""
    front.kubectl("scale", "deployment/calls", "--replicas=2")
    rolled(front, "calls")
    wait_until(lambda: len(front.get("pods", "-l", "app=calls")["items"]) == 2, "two pods", timeout_s=40)
    answered = asyncio.Semaphore(0)
    channel = await _channel(target(front))
    async with asyncio.TaskGroup() as tasks:
        endless = [tasks.create_task(_stream(channel, ENDLESS, answered)) for _ in range(4)]
        few = [tasks.create_task(_stream(channel, FEW, answered)) for _ in range(4)]
        async with asyncio.timeout(30):
            for _ in range(8):
                await answered.acquire()
        await asyncio.to_thread(front.kubectl, "delete", "pods", "-l", "app=calls", "--timeout=60s")
    assert [each.result() for each in few] == [(FEW, Status(StatusCode.OK, ""))] * 4
    assert {each.result()[1] for each in endless} == {Status(StatusCode.UNAVAILABLE, "the server is shutting down")}
    assert not channel.closed, "it was the pod's end, not the Gateway's"
    await channel.close()


async def test_streams_end_before_their_envoy(front: Lab) -> None:
    """One that is replaced says GOAWAY, and stays for what is under way."""
    before, answered = envoys(front), asyncio.Semaphore(0)
    channel = await _channel(target(front))
    async with asyncio.TaskGroup() as tasks:
        few = [tasks.create_task(_stream(channel, FEW, answered)) for _ in range(4)]
        async with asyncio.timeout(30):
            for _ in few:
                await answered.acquire()
        await asyncio.to_thread(front.kubectl, "rollout", "restart", f"deployment/{ENVOY}")
    assert [each.result() for each in few] == [(FEW, Status(StatusCode.OK, ""))] * 4
    await asyncio.to_thread(wait_until, lambda: envoys(front).isdisjoint(before), "the old one has gone", timeout_s=40)
    await asyncio.to_thread(wait_until, lambda: channel.closed, "GOAWAY is heard", timeout_s=30)
    await channel.close()


async def _channel(at: Target) -> Channel:
    return await Channel.connect(at.address, at.tls_port, tls=client_tls(), authority="calls.test", timeout_s=20)


async def _stream(channel: Channel, answers: int, answered: asyncio.Semaphore) -> tuple[int, Status | None]:
    """How many answers came, in order, and the status."""
    request = asked("on", answers=answers, delay_ms=EVERY_MS)
    last = 0
    async with channel.call(f"{ECHO}/ServerStream", [request], timeout_s=None) as stream:
        async for raw in stream:
            sequence = decoded(raw).sequence
            assert sequence == last + 1
            last = sequence
            if sequence == 1:
                answered.release()
    return last, stream.status
