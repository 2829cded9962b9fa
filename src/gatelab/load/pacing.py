"""Being called at an exact moment by an event loop whose own timers have a grain of a millisecond."""

import asyncio
import time
from collections.abc import Callable

from gatelab.grpc_wire.timerfd import TimerFd


class Alarm:
    """Calls back at moments of `time.monotonic_ns`, never early: by a timerfd on Linux, by loop timers elsewhere."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._timer = TimerFd() if TimerFd.available() else None
        self._set = False
        self._handle: asyncio.TimerHandle | None = None
        if self._timer is not None:
            loop.add_reader(self._timer.fd, self._ring)

    def at(self, at_ns: int) -> None:
        """Sets the one moment to ring at; replaces the one set before."""
        if self._timer is not None:
            self._set = True
            self._timer.arm(at_ns)
            return
        self.silence()
        delay_s = max(0.0, (at_ns - time.monotonic_ns()) / 1e9)
        self._handle = self._loop.call_later(delay_s, self._callback)

    def silence(self) -> None:
        if self._timer is not None:
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
        self._set = False
        self._callback()
        if not self._set:  # arming it again has made it unreadable already
            self._timer.read()
