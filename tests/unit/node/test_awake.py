"""A deadline waits for what we have missed, and no longer."""

import asyncio
from itertools import count

import pytest

from gatelab.node.awake import AT_MOST, awake_s, timeout_asleep


async def test_the_time_in_which_nobody_was_there_to_hear_an_answer_does_not_count() -> None:
    answered, seconds = asyncio.Event(), count()

    def awake() -> float:
        now = next(seconds)
        if now > 0:
            answered.set()  # the deadline has passed, and the answer is seen only now
        return float(now)

    async with timeout_asleep(0.01, awake):
        await answered.wait()


async def test_the_time_in_which_somebody_was_counts() -> None:
    with pytest.raises(TimeoutError):
        async with timeout_asleep(0.01, lambda: 7.0):
            await asyncio.Event().wait()


async def test_it_ends_even_if_nobody_ever_is() -> None:
    clock = asyncio.get_running_loop().time
    begun = clock()
    with pytest.raises(TimeoutError):
        async with timeout_asleep(0.01, lambda: 1000 * clock()):
            await asyncio.Event().wait()
    assert clock() - begun >= AT_MOST * 0.01


async def test_what_is_cancelled_is_not_a_timeout() -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_wait())
        await asyncio.sleep(0)
        waiting.cancel()
    assert waiting.cancelled()


async def _wait() -> None:
    async with timeout_asleep(60.0):
        await asyncio.Event().wait()


def test_a_thread_that_works_is_awake() -> None:
    before = awake_s()
    assert before > 0
    while awake_s() == before:
        pass
    assert awake_s() > before
