"""Debounce for those who work on the whole state at once."""

import asyncio


async def coalesced(changes: asyncio.Event, *, quiet_s: float, at_most_s: float) -> None:
    """Returns when `changes` was set and then stayed quiet for `quiet_s`, or `at_most_s` after the first change.

    `changes` is clear on return: what is set later is for the next call. The caller looks at the latest state after it.
    """
    await changes.wait()
    clock = asyncio.get_running_loop()
    deadline = clock.time() + at_most_s
    while True:
        changes.clear()
        left_s = min(quiet_s, deadline - clock.time())
        if left_s <= 0:
            return
        try:
            async with asyncio.timeout(left_s):
                await changes.wait()
        except TimeoutError:
            return
