"""What is opened together is closed together, whoever fails and whenever nobody wants it any more."""

import asyncio
from collections.abc import Sequence

import pytest

from gatelab.grpc_wire import ConnectError
from gatelab.load import LoadPlan, run
from gatelab.load.together import opened_together
from load_plans import HOST
from strange_servers import SETTINGS, frame


class Door:
    """What is opened, in the order in which it is let."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    async def close(self, found: Sequence[str]) -> None:
        self.closed.extend(found)


async def after(event: asyncio.Event, outcome: str | Exception) -> str:
    await event.wait()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def is_set(when: bool = True) -> asyncio.Event:
    event = asyncio.Event()
    if when:
        event.set()
    return event


async def test_all_come_in_their_order() -> None:
    door, late = Door(), is_set(False)
    asyncio.get_running_loop().call_soon(late.set)
    assert await opened_together([after(late, "first"), after(is_set(), "second")], door.close) == ["first", "second"]
    assert door.closed == []


async def test_the_first_in_order_that_failed_is_raised_and_the_others_are_closed() -> None:
    door, late = Door(), is_set(False)
    asyncio.get_running_loop().call_soon(late.set)
    outcomes = [after(is_set(), "open"), after(late, ConnectError("second")), after(is_set(), ConnectError("third"))]
    with pytest.raises(ConnectError, match="second"):
        await opened_together(outcomes, door.close)
    assert door.closed == ["open"]


async def test_cancelled_it_closes_those_that_are_there() -> None:
    door, reached = Door(), asyncio.Event()

    async def never() -> str:
        reached.set()
        await asyncio.Event().wait()
        return "never"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(opened_together([after(is_set(), "open"), never()], door.close))
        await reached.wait()
        task.cancel()
    assert task.cancelled()
    assert door.closed == ["open"]


async def test_a_run_stopped_before_all_connections_are_there_leaves_none_open() -> None:
    """One server has answered when the run is stopped, the other has not: the first sees its connection end."""
    stop, gone = asyncio.Event(), asyncio.Event()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(SETTINGS))
        read = b""
        while data := await reader.read(4096):
            read += data
            if read.endswith(frame(SETTINGS, flags=1)):  # the acknowledgement: the client has taken ours
                stop.set()
        writer.close()
        gone.set()

    async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    answering = await asyncio.start_server(answers, HOST, 0)
    silent = await asyncio.start_server(is_silent, HOST, 0)
    async with answering, silent:
        targets = tuple(server.sockets[0].getsockname() for server in (answering, silent))
        plan = LoadPlan(
            host=HOST,
            port=targets[0][1],
            path="/t.T/Do",
            message=b"",
            total=1,
            targets=targets,
            connections=2,
            connect_timeout_s=60,
        )
        with pytest.raises(ConnectError, match="interrupted before"):
            await run(plan, stop=stop)
        async with asyncio.timeout(10):
            await gone.wait()
