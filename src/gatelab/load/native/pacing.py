"""Being called at an exact moment by an event loop whose own timers have a grain of a millisecond."""

import asyncio
import time
from collections.abc import Callable

from gatelab.grpc_wire.lead import LONGEST_LEAD_NS, Lead
from gatelab.grpc_wire.timerfd import TimerFd


class Alarm:
    """Calls back at moments of `time.monotonic_ns`, never early: by a timerfd on Linux, by loop timers elsewhere.

    The timerfd is set ahead (`Lead`), and until the moment comes the loop goes round without sleeping: replies that
    arrive meanwhile are read at once, where a spin would keep them waiting and count that as their latency.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._timer = TimerFd() if TimerFd.available() else None
        self._set = False
        self._at_ns = 0
        self._set_ns = 0
        self._slept = self._awake = False
        self._lead = Lead()
        self._handle: asyncio.TimerHandle | None = None
        if self._timer is not None:
            loop.add_reader(self._timer.fd, self._ring)

    def at(self, at_ns: int) -> None:
        """Sets the one moment to ring at; replaces the one set before."""
        if self._timer is not None:
            self._set = True
            self._at_ns = at_ns
            if not self._awake:
                self._arm(self._timer)
            return
        self.silence()
        delay_s = max(0.0, (at_ns - time.monotonic_ns()) / 1e9)
        self._handle = self._loop.call_later(delay_s, self._callback)

    def silence(self) -> None:
        if self._timer is not None:
            self._set = False
            self._timer.disarm()
        elif self._handle is not None:
            self._handle.cancel()

    def close(self) -> None:
        self.silence()
        if self._timer is not None:
            self._loop.remove_reader(self._timer.fd)
            self._timer.close()

    def _ring(self) -> None:
        assert self._timer is not None
        if self._slept:
            self._lead.learn(time.monotonic_ns() - self._set_ns)
        self._timer.read()
        self._awake = True
        self._stay_awake()

    def _stay_awake(self) -> None:
        assert self._timer is not None
        left_ns = self._at_ns - time.monotonic_ns()
        if 0 < left_ns <= LONGEST_LEAD_NS and self._set:
            self._loop.call_soon(self._stay_awake)
            return
        try:
            if self._set and left_ns <= 0:
                self._set = False
                self._callback()  # still awake: what is due leaves before the timer is set for what comes next
        finally:
            self._awake = False
        if self._set:
            self._arm(self._timer)

    def _arm(self, timer: TimerFd) -> None:
        self._set_ns = max(1, self._at_ns - self._lead.ns)
        self._slept = self._set_ns > time.monotonic_ns()
        timer.arm(self._set_ns)
