"""What this thread has used of its core, and how long it waited for one."""

import time
from pathlib import Path
from typing import Final

from gatelab.load.counting.part import Use

_SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")


class Meter:
    """Measures from its making on. Where the kernel does not tell of the waiting (not Linux), it is 0."""

    def __init__(self) -> None:
        self._wall_ns = time.monotonic_ns()
        self._cpu_ns = time.thread_time_ns()
        self._starved_ns = _starved_ns()

    def use(self) -> Use:
        return Use(
            time.thread_time_ns() - self._cpu_ns,
            _starved_ns() - self._starved_ns,
            time.monotonic_ns() - self._wall_ns,
        )


def _starved_ns() -> int:
    """Time spent runnable on a run queue (Documentation/scheduler/sched-stats.rst of Linux)."""
    try:
        return int(_SCHEDSTAT.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
