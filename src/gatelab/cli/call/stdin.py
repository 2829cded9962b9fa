"""Stdin, piece by piece as it comes."""

import asyncio
import codecs
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

from gatelab.call.errors import DataError

_AT_ONCE: Final = 1 << 16


async def stdin_chunks() -> AsyncIterator[str]:
    """Text up to the end of stdin, which may be a terminal. Raises DataError when it is not UTF-8."""
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):  # stdin is a text that somebody has put there
        yield sys.stdin.read()
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while data := await _read(descriptor):
            yield decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DataError(f"error getting request data: stdin is not UTF-8: {error.reason}") from error


async def _read(descriptor: int) -> bytes:
    """What is there next, waiting for it without a thread, which could not be ended while nobody types."""
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    try:
        loop.add_reader(descriptor, there.set)
    except PermissionError:  # a regular file, which epoll does not take, for it never has to be waited for
        return os.read(descriptor, _AT_ONCE)
    try:
        await there.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _AT_ONCE)
