"""The client on one core and the server on another, for all that are compared alike."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_core_each(*server_pids: int) -> Iterator[str]:
    """What is started within runs on the first core, the servers on the last; it says what it did.

    Programs in Go see one core then, and take one thread for their work.
    """
    every = os.sched_getaffinity(0)
    if len(every) < 2:
        yield "client and server share the only core"
        return
    for pid in server_pids:
        os.sched_setaffinity(pid, {max(every)})
    os.sched_setaffinity(0, {min(every)})
    try:
        yield "client and server each on one core of their own"
    finally:
        os.sched_setaffinity(0, every)
