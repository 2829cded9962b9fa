"""Ctrl-C that lets a run end in order."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_signals(said: Callable[[str], None], what_follows: str) -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second does what it always does."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def first() -> None:
        said(f"interrupted: {what_follows}")
        stop.set()
        for number in _NUMBERS:
            loop.remove_signal_handler(number)

    for number in _NUMBERS:
        loop.add_signal_handler(number, first)
    try:
        yield stop
    finally:
        for number in _NUMBERS:
            loop.remove_signal_handler(number)
