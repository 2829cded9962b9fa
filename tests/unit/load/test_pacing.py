"""The alarm that paces an open loop."""

import asyncio
import time
from typing import Any

import pytest

from gatelab.grpc_wire.timerfd import TimerFd
from gatelab.load.native.pacing import Alarm


@pytest.fixture(params=[True, False], ids=["timerfd", "loop timers"])
def _kind(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(TimerFd, "available", staticmethod(lambda: False))


@pytest.mark.usefixtures("_kind")
async def test_it_rings_once_for_the_last_moment_set_and_never_early() -> None:
    loop = asyncio.get_running_loop()
    rung: list[int] = []
    done = asyncio.Event()
    alarm = Alarm(loop, lambda: rung.append(time.monotonic_ns()))
    begun_ns = time.monotonic_ns()
    alarm.at(begun_ns + 1_000_000)
    alarm.at(begun_ns + 5_000_000)
    loop.call_later(0.05, done.set)
    await done.wait()
    alarm.close()
    assert len(rung) == 1
    assert rung[0] >= begun_ns + 5_000_000 - 100_000  # a loop's own clock rounds


@pytest.mark.usefixtures("_kind")
async def test_a_silenced_alarm_does_not_ring() -> None:
    loop = asyncio.get_running_loop()
    rung: list[int] = []
    done = asyncio.Event()
    alarm = Alarm(loop, lambda: rung.append(1))
    alarm.at(time.monotonic_ns() + 1_000_000)
    alarm.silence()
    loop.call_later(0.02, done.set)
    await done.wait()
    alarm.close()
    assert rung == []
