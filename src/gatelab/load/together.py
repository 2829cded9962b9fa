"""Connections are opened together: all of them are there, or none is left open."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def opened_together(
    openings: Iterable[Coroutine[Any, Any, T]], close: Callable[[Sequence[T]], Awaitable[None]]
) -> list[T]:
    """What comes of all, in their order. `close` gets those that are there when others fail, or when cancelled.

    `asyncio.gather` is no help: cancelled, it drops the results that are there already, and the sockets with them.

    Raises:
        Exception: that of the first, in their order, that failed.
    """
    found: dict[int, T] = {}
    failures: dict[int, Exception] = {}

    async def one(number: int, opening: Coroutine[Any, Any, T]) -> None:
        try:
            found[number] = await opening
        except Exception as error:  # noqa: BLE001 - raised below, outside the group, which would wrap it
            failures[number] = error

    complete = False
    try:
        async with asyncio.TaskGroup() as group:
            for number, opening in enumerate(openings):
                group.create_task(one(number, opening))
        if failures:
            raise failures[min(failures)]
        complete = True
    finally:
        if not complete:
            await close([*found.values()])
    return [found[number] for number in sorted(found)]
