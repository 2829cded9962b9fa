"""Ten thousand streams at once, over few connections, through one Gateway with two workers."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from front_lab import ENVOY, envoys, processes, rolled, target, tune
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.status import StatusCode
from long_streams import ECHO, asked, decoded
from mixed_traffic import client_tls
from running_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
CONNECTIONS, OF_EACH = 10, 1000
STREAMS = CONNECTIONS * OF_EACH
MOST_BYTES_OF_A_STREAM = 64 << 10
"""Of Envoy's memory, which holds both sides of it."""
DEADLINE_S = 120


class _Crowd:
    """Streams that each say `first`, wait for all others to be answered, and say `second`."""

    def __init__(self) -> None:
        self.waiting = asyncio.Semaphore(0)
        """Released by each that has its first answer."""
        self.go_on = asyncio.Event()
        self.good = 0

    async def stream(self, channel: Channel) -> None:
        async with channel.call(f"{ECHO}/BidiStream", self._words(), timeout_s=None) as stream:
            answers = []
            async for raw in stream:
                answers.append(decoded(raw).message)
                if len(answers) == 1:
                    self.waiting.release()
        if answers == ["first", "second"] and stream.status is not None and stream.status.code == StatusCode.OK:
            self.good += 1

    async def _words(self) -> AsyncIterator[bytes]:
        yield asked("first")
        await self.go_on.wait()
        yield asked("second")


async def test_all_of_them_are_open_at_once_and_none_is_lost(front: Lab) -> None:
    before = envoys(front)
    tune(front, workers="2")
    wait_until(lambda: envoys(front).isdisjoint(before), "another Envoy", timeout_s=40)
    rolled(front, ENVOY)
    (envoy,) = [each for each in processes(front, "envoy") if "default/front" in " ".join(each.cmdline())]
    async with AsyncExitStack() as stack, asyncio.timeout(DEADLINE_S):
        channels = [await _channel(front, stack) for _ in range(CONNECTIONS)]
        used = envoy.memory_info().rss
        crowd = _Crowd()
        async with asyncio.TaskGroup() as tasks:
            for channel in channels * OF_EACH:
                tasks.create_task(crowd.stream(channel))
            for _ in range(STREAMS):
                await crowd.waiting.acquire()
            more = envoy.memory_info().rss - used
            shares = await asyncio.to_thread(_connections_of_workers, front)
            crowd.go_on.set()
    assert crowd.good == STREAMS
    sys.stdout.write(f"{more / STREAMS:.0f} bytes of Envoy for each stream\n")
    assert more < STREAMS * MOST_BYTES_OF_A_STREAM
    assert sorted(shares) == [CONNECTIONS / 2] * 2


async def _channel(lab: Lab, stack: AsyncExitStack) -> Channel:
    at = target(lab)
    channel = await Channel.connect(at.address, at.tls_port, tls=client_tls(), authority="calls.test", timeout_s=20)
    stack.push_async_callback(channel.close)
    return channel


def _connections_of_workers(lab: Lab) -> list[int]:
    """Of the listener with TLS, as Envoy counts them."""
    (name,) = envoys(lab)
    path = f"/api/v1/namespaces/default/pods/{name}:19001/proxy/stats/prometheus"
    stats = lab.kubectl("get", "--raw", path).stdout
    found = re.findall(r"^envoy_listener_worker_downstream_cx_active{[^}]*8443[^}]*} (\d+)$", stats, flags=re.MULTILINE)
    return [int(each) for each in found]
