"""What ends early when somebody says stop."""

import asyncio

import pytest

from gatelab.experiment.interruption import unless


async def test_a_cancellation_that_is_lost_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelab.experiment.interruption.AGAIN_S", 0.01)
    stop, lost = asyncio.Event(), 0

    async def deaf() -> str:
        nonlocal lost
        stop.set()
        while lost < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
        await asyncio.Event().wait()
        return "never"

    async with asyncio.timeout(10):
        assert await unless(stop, deaf()) is None
    assert lost == 2


async def test_what_is_done_counts_and_errors_are_raised_as_they_are() -> None:
    async def done() -> str:
        return "done"

    async def wrong() -> str:
        raise ValueError("wrong")

    assert await unless(asyncio.Event(), done()) == "done"
    with pytest.raises(ValueError, match="wrong"):
        await unless(asyncio.Event(), wrong())
