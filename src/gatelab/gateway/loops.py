"""Loops that work on the latest state when they are woken, and try again when they fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from gatelab.kinds.errors import AlreadyExists, ApiError, Conflict, NotFound
from gatelab.reconcile import Pace, coalesced
from gatelab.reconcile.backoff import Backoff, Failures

logger = logging.getLogger(__name__)

_BACKOFF = Backoff(first_s=0.05, most_s=10.0)
_STALE_BACKOFF = Backoff(first_s=0.01, most_s=1.0)
"""For what a mirror that has caught up will not meet."""
_PARALLEL = 8


async def whenever(
    woken: asyncio.Event,
    step: Callable[[], Awaitable[None]],
    *,
    name: str,
    quiet_s: float,
    at_most_s: float,
    pace: Pace,
    at_once: bool = False,
) -> None:
    """Runs `step` each time that `woken` was set, once for all changes that come close together; for ever.

    A step that fails is logged and comes again after a back-off, or sooner if something changes. In a burst of changes
    there are rests between steps: `pace` is that of all loops which share a processor. With `at_once` a change that
    comes after a quiet time does not wait for others.
    """
    failures = Failures()
    clock = asyncio.get_running_loop()
    quiet_since = clock.time() - quiet_s
    while True:
        await woken.wait()
        await pace.rest()
        if at_once and clock.time() - quiet_since >= quiet_s:
            woken.clear()
        else:
            await coalesced(woken, quiet_s=quiet_s, at_most_s=at_most_s)
        try:
            with pace.step():
                await step()
        except (Conflict, NotFound, AlreadyExists) as error:
            logger.debug("%s: %s; trying again", name, error.message, extra={"controller": name})
            _wake_later(woken, _STALE_BACKOFF.delay_s(failures.add(name)))
        except ApiError as error:
            logger.warning("%s: %s; trying again", name, error.message, extra={"controller": name})
            _wake_later(woken, _BACKOFF.delay_s(failures.add(name)))
        except Exception:
            logger.exception("%s failed; trying again", name, extra={"controller": name})
            _wake_later(woken, _BACKOFF.delay_s(failures.add(name)))
        else:
            failures.clear(name)
        quiet_since = clock.time()


async def all_of(writes: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Performs the writes, some at a time. One that fails stops none of the others; then the first error is raised."""
    limit = asyncio.Semaphore(_PARALLEL)
    errors: list[ApiError] = []

    async def one(write: Callable[[], Awaitable[None]]) -> None:
        async with limit:
            try:
                await write()
            except ApiError as error:
                errors.append(error)

    async with asyncio.TaskGroup() as tasks:
        for write in writes:
            tasks.create_task(one(write))
    if errors:
        raise errors[0]


def _wake_later(woken: asyncio.Event, delay_s: float) -> None:
    asyncio.get_running_loop().call_later(delay_s, woken.set)
