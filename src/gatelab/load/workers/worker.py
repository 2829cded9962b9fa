"""A worker: a process of its own that carries out one share of a plan. `python -m gatelab.load.workers.worker FD`."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace

from gatelab.grpc_wire.errors import ConnectError
from gatelab.load.counting.part import Part
from gatelab.load.generators import opened
from gatelab.load.phases import Generator
from gatelab.load.plan import LoadPlan
from gatelab.load.recipe import Recipe
from gatelab.load.run import loop_factory, quiet_garbage_collector
from gatelab.load.workers.frames import Failed, Go, Job, Ready, Stop, Told, framed, next_order
from gatelab.load.workers.plan_data import decoded


def main() -> None:
    """Serves the run at the other end of the socket, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run says when to stop
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(int(sys.argv[1])))


async def _serve(fd: int) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=fd))
    order = await next_order(reader)
    if not isinstance(order, Job):
        return
    async with asyncio.TaskGroup() as group:
        orders: asyncio.Queue[Go] = asyncio.Queue()
        stop = asyncio.Event()
        group.create_task(_listen(reader, orders, stop))
        await _work(order, orders, stop, writer)
        # The other side closes when it has read the last word; `_listen` ends the process then.


async def _listen(reader: asyncio.StreamReader, orders: "asyncio.Queue[Go]", stop: asyncio.Event) -> None:
    while True:
        match await next_order(reader):
            case Go() as go:
                orders.put_nowait(go)
            case Stop():
                stop.set()
            case None:
                # The run is over, or its process is gone: nobody wants to know anything more.
                os._exit(0)


async def _work(job: Job, orders: "asyncio.Queue[Go]", stop: asyncio.Event, writer: asyncio.StreamWriter) -> None:
    try:
        plan = _prepared(decoded(job.plan))
        generator = await opened(plan)
    except ConnectError as error:
        writer.write(framed(Failed(str(error), connecting=True)))
        return
    except Exception as error:  # noqa: BLE001 - whatever a recipe raises is told, in words, by the run
        writer.write(framed(Failed(str(error) or type(error).__name__, connecting=False)))
        return
    writer.write(framed(Ready()))
    with quiet_garbage_collector(plan):
        await _phases(generator, plan, orders, stop, writer)
    await generator.close()


async def _phases(
    generator: Generator, plan: LoadPlan, orders: "asyncio.Queue[Go]", stop: asyncio.Event, writer: asyncio.StreamWriter
) -> None:
    measured = False
    while not measured:
        go = await orders.get()
        measured = not go.warm_up

        def tell(part: Part) -> None:
            writer.write(framed(Told(part)))

        tell(await generator.phase(plan if measured else plan.for_warm_up(), go.begin_ns, stop, tell))
        await writer.drain()


def _prepared(plan: LoadPlan) -> LoadPlan:
    """With what its recipes make. Raises what they raise."""
    tls = plan.tls.make() if isinstance(plan.tls, Recipe) else plan.tls
    source = plan.source.make() if isinstance(plan.source, Recipe) else plan.source
    return replace(plan, tls=tls, source=source)


if __name__ == "__main__":
    main()
