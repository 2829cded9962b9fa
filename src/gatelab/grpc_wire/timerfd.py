"""Exact wake-ups.

Event loops round their timers to a millisecond; a Linux timerfd keeps nanoseconds and is one more file descriptor.

`time.monotonic_ns` is its clock. Where there is none, `TimerFd.available()` is False and callers use their loop's
timers.
"""

import ctypes
import os
import sys
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_TFD_TIMER_ABSTIME: Final = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


class TimerFd:
    """One alarm: readable from the armed moment on, never earlier; unreadable after `arm` or `disarm`."""

    __slots__ = ("_settime", "_spec", "_value", "fd")

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._settime.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.POINTER(_Itimerspec), ctypes.c_void_p)
        self.fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create: " + os.strerror(ctypes.get_errno()))
        self._spec = _Itimerspec()
        self._value = self._spec.it_value

    @staticmethod
    def available() -> bool:
        return sys.platform == "linux"

    def arm(self, at_ns: int) -> None:
        """Sets the alarm to a moment of `time.monotonic_ns`; one that has passed goes off at once."""
        self._value.tv_sec, self._value.tv_nsec = divmod(max(at_ns, 1), 1_000_000_000)
        self._settime(self.fd, _TFD_TIMER_ABSTIME, self._spec, None)

    def disarm(self) -> None:
        self._value.tv_sec = self._value.tv_nsec = 0
        self._settime(self.fd, 0, self._spec, None)

    def close(self) -> None:
        os.close(self.fd)
