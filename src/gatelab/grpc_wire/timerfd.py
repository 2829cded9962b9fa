"""Exact wake-ups.

Event loops round their timers to a millisecond; a Linux timerfd keeps nanoseconds and is one more file descriptor.
`time.monotonic_ns` is its clock. Where there is none, `TimerFd.available()` is False; callers use their loop's timers.
"""

import ctypes
import os
import struct
import sys
from contextlib import suppress
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_TFD_TIMER_ABSTIME: Final = 1
# struct itimerspec: the interval, which stays 0, and the value, each as seconds and nanoseconds.
_ITIMERSPEC: Final = struct.Struct("@llll")


class TimerFd:
    """One alarm: readable from the armed moment on, never earlier; unreadable after `read`, `arm` or `disarm`."""

    __slots__ = ("_settime", "_spec", "fd")

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        # Without argtypes, and with a plain buffer: a third of the time that ctypes takes to convert a structure.
        self._settime = libc.timerfd_settime
        self._spec = ctypes.create_string_buffer(_ITIMERSPEC.size)
        self.fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create: " + os.strerror(ctypes.get_errno()))

    @staticmethod
    def available() -> bool:
        return sys.platform == "linux"

    def arm(self, at_ns: int) -> None:
        """Sets the alarm to a moment of `time.monotonic_ns`; one that has passed goes off at once."""
        _ITIMERSPEC.pack_into(self._spec, 0, 0, 0, at_ns // 1_000_000_000, at_ns % 1_000_000_000 or 1)
        self._settime(self.fd, _TFD_TIMER_ABSTIME, self._spec, None)

    def disarm(self) -> None:
        _ITIMERSPEC.pack_into(self._spec, 0, 0, 0, 0, 0)
        self._settime(self.fd, 0, self._spec, None)

    def read(self) -> None:
        """Takes note of an alarm that has gone off; without effect if it has not."""
        with suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        os.close(self.fd)
