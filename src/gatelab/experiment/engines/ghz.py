"""The program ghz as the engine of an experiment, as it is found on the PATH.

One path after the other, each its whole time: ghz opens its connections when it starts, and at L4 it is the connection
that is balanced, so that turns would spread by themselves.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gatelab.experiment.engines.engine import CONNECT_TIMEOUT_S, WHAT, Loaded, LoadTask, PathLoad
from gatelab.experiment.engines.ghz_command import Files, Part, arguments, most_s, parts, prefixed
from gatelab.experiment.engines.ghz_process import run_ghz
from gatelab.experiment.engines.ghz_report import GhzReport, load_result, nothing, read_report
from gatelab.experiment.engines.programs import find_program
from gatelab.experiment.errors import CouldNotRun, ExperimentError
from gatelab.experiment.report import Event
from gatelab.experiment.smoke import target_credentials
from gatelab.experiment.turns import ORDER, Turns
from gatelab.experiment.watchers import Watchers

UNNAMED = "ghz does not tell which pods answered"


class Ghz:
    """Needs the program, and a whole number of calls a second."""

    def turns(self, duration_s: float, paths: tuple[str, ...] = ORDER) -> Turns:
        return Turns(1, duration_s, paths)

    async def measure(
        self,
        task: LoadTask,
        watchers: Watchers,
        between: Callable[[], Awaitable[None]] | None,  # noqa: ARG002 - the Gateway's path has one turn, the last
        stop: asyncio.Event,
    ) -> Loaded:
        program = find_program("ghz")
        if program is None:
            raise CouldNotRun("there is no program 'ghz' on the PATH")
        begun, load = time.monotonic(), task.experiment.load
        found: dict[str, PathLoad] = {}
        turns = []
        with tempfile.TemporaryDirectory(prefix="gatelab-ghz-") as folder:
            files = written(task, Path(folder))
            for path in task.paths:
                if stop.is_set():
                    found[path] = PathLoad(nothing(load.rps), UNNAMED)
                    continue
                turns.append(Event(second=round(time.monotonic() - begun, 3), what="turn", text=f"turn of {path}"))
                watchers.said(f"ghz calls {WHAT[path]} for {load.duration_s:g} s")
                found[path] = await _measured(program, task, path, files, stop)
        return Loaded(found, tuple(turns))


async def _measured(program: str, task: LoadTask, path: str, files: Files, stop: asyncio.Event) -> PathLoad:
    shares, started = parts(task, path), time.time()
    failed: list[ExperimentError] = []
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_one(each, path, [program, *arguments(task, path, each, files)], task, stop, failed))
            for each in shares
        ]
    if failed:
        raise failed[0]
    reports = [report for each in tasks if (report := each.result()) is not None]
    load = task.experiment.load
    planned = 0 if stop.is_set() else load.requests
    result = load_result(reports, planned=planned, rps=load.rps, started=started)
    called = {(part.host, part.port): report.count for part, report in zip(shares, reports, strict=True)}
    return PathLoad(result, UNNAMED, called)


async def _one(
    part: Part, path: str, command: list[str], task: LoadTask, stop: asyncio.Event, failed: list[ExperimentError]
) -> GhzReport | None:
    """An error as a value, for a group would wrap it; the other processes come to their end."""
    try:
        await _reached(part, path)
        report = await run_ghz(command, stop, most_s=most_s(task))
        return read_report(report) if report else GhzReport(count=0, total=0)
    except CouldNotRun as error:
        failed.append(CouldNotRun(f"{path}: {error}"))
        return None


async def _reached(part: Part, path: str) -> None:
    """ghz makes failed calls of an address that nobody listens on; that is no measurement. Raises CouldNotRun."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(part.host, part.port)
    except (OSError, TimeoutError) as error:
        said = os.strerror(error.errno).lower() if error.errno else f"no connection within {CONNECT_TIMEOUT_S:g} s"
        raise CouldNotRun(f"{WHAT[path]} cannot be reached from here: {part.host}:{part.port}: {said}") from error
    writer.transport.abort()


def written(task: LoadTask, folder: Path) -> Files:
    """The files that ghz reads, in a folder that nobody else may look into."""
    protoset, message, authorities = (folder / name for name in ("call.protoset", "message.bin", "ca.crt"))
    protoset.write_bytes(task.request.protoset)
    message.write_bytes(prefixed(task.request.message))
    credentials = target_credentials(task.experiment.tls, task.place.trusted)
    roots = credentials.roots if credentials is not None else None
    if roots:
        authorities.write_bytes(roots)
    return Files(str(protoset), str(message), str(authorities) if roots else "")
