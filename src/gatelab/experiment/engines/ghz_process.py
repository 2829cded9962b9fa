"""Runs ghz to its end, or until somebody says stop."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from gatelab.experiment.errors import CouldNotRun

GRACE_S = 15.0
"""What ghz may take for the last calls, which have a deadline of 10 s, and for its report."""
_DIRECTLY = {"NO_PROXY": "*", "no_proxy": "*"}
"""Go's gRPC takes a proxy of the environment; the other engines take none, and the figures are to be alike."""


async def run_ghz(command: Sequence[str], stop: asyncio.Event, *, most_s: float) -> bytes:
    """Its report as JSON: of the calls until `stop` is set, or `most_s` are over. Empty when it was stopped before it
    could report.

    Raises CouldNotRun with ghz's words when it fails. When this is cancelled, ghz is ended.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | _DIRECTLY,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C is for gatelab, which passes it on in its own time
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        raise CouldNotRun(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        return await _report(process, stop, most_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _report(process: asyncio.subprocess.Process, stop: asyncio.Event, most_s: float) -> bytes:
    async with asyncio.TaskGroup() as group:
        passing_on = group.create_task(_interrupt(process, stop, most_s))
        try:
            async with asyncio.timeout(most_s + GRACE_S):
                stdout, stderr = await process.communicate()
        except TimeoutError:
            stdout, stderr = b"", f"it did not end within {most_s + GRACE_S:g} s".encode()
        finally:
            passing_on.cancel()
    if process.returncode == 0 or (stop.is_set() and process.returncode == -signal.SIGINT):
        return stdout
    said = stderr.decode(errors="replace").strip() or "it said nothing"
    raise CouldNotRun(f"ghz ended with {process.returncode}: {said}" if process.returncode else f"ghz: {said}")


async def _interrupt(process: asyncio.subprocess.Process, stop: asyncio.Event, most_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await stop.wait()
    if process.returncode is None:
        process.send_signal(signal.SIGINT)


_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Where the kernel can: nobody would read the report of a ghz whose gatelab was killed (prctl(2))."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
