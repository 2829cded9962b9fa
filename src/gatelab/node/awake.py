"""Deadlines for others' answers that count only the time in which we were there to hear one.

On a machine with too few processors this process waits for one, for a second and more while a control plane starts, and
an answer that came at once is seen late. The kubelet has processors reserved (`--system-reserved`); we have not, and
must not hold against a pod what we have missed. What the pod itself waits for a processor counts, as in Kubernetes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

AT_MOST = 10
"""Times a deadline is all that it may become."""
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


def awake_s() -> float:
    """Seconds that this thread has run, or waited to be let run, so far: in the others it slept, and heard everything.

    0.0 where the kernel does not count them (Linux, Documentation/scheduler/sched-stats.rst).
    """
    try:
        ran_ns, waited_ns, *_ = _SCHEDSTAT.read_bytes().split()
    except (OSError, ValueError):
        return 0.0
    return (int(ran_ns) + int(waited_ns)) / 1e9


@asynccontextmanager
async def timeout_asleep(seconds: float, awake: Callable[[], float] = awake_s) -> AsyncIterator[None]:
    """As `asyncio.timeout`, of the seconds in which this thread slept; of `AT_MOST` times as many of any kind.

    Raises TimeoutError.
    """
    loop = asyncio.get_running_loop()
    begun, awake_before = loop.time(), awake()
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        missed = min(awake() - awake_before, (AT_MOST - 1) * seconds)
        end = begun + seconds + missed
        if end > loop.time():
            timer = loop.call_at(end, look)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        timer = loop.call_at(begun + seconds, look)
        try:
            yield
        finally:
            timer.cancel()
