"""Ends something early when somebody says stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
AGAIN_S = 2.0
"""A cancellation may be lost in a library that waits for something of its own: then there is another one."""


async def unless(stop: asyncio.Event, doing: Coroutine[Any, Any, T]) -> T | None:
    """What comes of `doing`; None when `stop` is set before, and `doing` has been cancelled."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_outcome(doing))
        halted = group.create_task(stop.wait())
        await asyncio.wait({task, halted}, return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN_S)
    if task.cancelled():
        return None
    found, error = task.result()
    if error is not None:
        raise error
    return found


async def _outcome(doing: Coroutine[Any, Any, T]) -> tuple[T | None, Exception | None]:
    """An error as a value, for a group would wrap it."""
    try:
        return await doing, None
    except Exception as error:  # noqa: BLE001 - raised again outside of the group
        return None, error
