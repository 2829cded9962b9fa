"""Runs a program with our stdin, stdout, stderr and terminal, and outlives it: signals are the program's to answer."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from gatelab.cli.exit_codes import NOT_EXECUTABLE

GRACE_S = 60.0
"""From the first signal on. k6 gives its scenarios 30 s to come to an end, and its teardown as much again."""
KILL_S = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_OF_TERMINALS = (signal.SIGINT, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Ended:
    """`exit_code` is as a shell has it: 128 + n after signal n. `interrupted_by` names the first signal, or is ""."""

    exit_code: int
    interrupted_by: str


@dataclass(slots=True)
class _Interruption:
    process: asyncio.subprocess.Process | None = None
    first: str = ""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def pass_on(self, number: signal.Signals) -> None:
        self.first = self.first or number.name
        self.came.set()
        if not (number in _OF_TERMINALS and _is_in_foreground()):
            self.send(number)

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)


async def run_to_end(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """A program that does not end within GRACE_S of a signal is ended. One that cannot be started ended with 126."""
    interruption = _Interruption()
    with _handled(interruption):
        try:
            process = interruption.process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
        except OSError as error:
            click.echo(f"Error: {command[0]} cannot be run: {error.strerror}", err=True)
            return Ended(NOT_EXECUTABLE, "")
        if interruption.first:
            interruption.send(signal.Signals[interruption.first])  # it came before there was anybody to tell
        try:
            async with asyncio.TaskGroup() as tasks:
                deadline = tasks.create_task(_end_in_time(interruption))
                code = await process.wait()
                deadline.cancel()
        finally:
            interruption.send(signal.SIGTERM)  # nobody waits for it any more
    return Ended(code if code >= 0 else 128 - code, interruption.first)


async def _end_in_time(interruption: _Interruption) -> None:
    await interruption.came.wait()
    await asyncio.sleep(GRACE_S)
    interruption.send(signal.SIGTERM)
    await asyncio.sleep(KILL_S)
    interruption.send(signal.SIGKILL)


@contextmanager
def _handled(interruption: _Interruption) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, interruption.pass_on, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _is_in_foreground() -> bool:
    """Whether a terminal sends its signals to our process group: then the program has got them from there."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
