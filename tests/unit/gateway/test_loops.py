"""The loops of the gateway: what waits for what, and how often something is done."""

import asyncio
from collections.abc import Awaitable, Callable

from gatelab.gateway.loops import whenever
from gatelab.reconcile import Pace

FOR_EVER_S = 3600.0
DEADLINE_S = 30.0


async def run(step: Callable[[asyncio.Event], Awaitable[None]], *, quiet_s: float, at_most_s: float) -> None:
    """The loop, woken once, until `step` raises CancelledError."""
    woken = asyncio.Event()
    woken.set()
    pace = Pace()
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(
            whenever(
                woken, lambda: step(woken), name="test", quiet_s=quiet_s, at_most_s=at_most_s, pace=pace, at_once=True
            ),
            return_exceptions=True,
        )


async def test_a_change_after_a_quiet_time_does_not_wait_for_others() -> None:
    """It would wait for ever."""
    steps = 0

    async def step(woken: asyncio.Event) -> None:
        nonlocal steps
        steps += 1
        raise asyncio.CancelledError

    await run(step, quiet_s=FOR_EVER_S, at_most_s=FOR_EVER_S)
    assert steps == 1


async def test_a_burst_is_one_step_more_and_waits_no_longer_than_it_may() -> None:
    """Changes that come while a step is under way are worked on together, although it never gets quiet."""
    steps = 0

    async def step(woken: asyncio.Event) -> None:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise asyncio.CancelledError
        for _ in range(1000):
            woken.set()
            await asyncio.sleep(0)

    await run(step, quiet_s=FOR_EVER_S, at_most_s=0.01)
    assert steps == 2
