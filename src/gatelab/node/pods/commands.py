"""A command run beside a container: an exec probe, an exec hook."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from signal import SIGKILL

from gatelab.node.keeper.client import Exited, Keeper, Notice, Spawned, SpawnFailed
from gatelab.node.pods.environment import Invocation

OUTPUT_LIMIT = 10 * 1024
"""More of what a command writes is dropped, as the kubelet drops it."""
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """`exit_code` is None when the command did not come to its end, and `problem` says why."""

    exit_code: int | None
    output: str = ""
    problem: str = ""


class _Command:
    """A command on its way: its output, stdout and stderr together, and its last notice."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Exited | SpawnFailed] = loop.create_future()
        self.is_over = False
        self._kept = b""
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        loop.add_reader(self._reader, self._read)

    @property
    def output(self) -> str:
        return self._kept.decode(errors="replace").strip()

    def on_notice(self, notice: Notice) -> None:
        if isinstance(notice, Spawned):
            return
        while self._read():
            pass
        self.is_over = True
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        if not self.ended.done():
            self.ended.set_result(notice)

    def _read(self) -> bool:
        """Whether there may be more. What a pipe holds is bounded, so the tail of a command that ended is too."""
        try:
            data = os.read(self._reader, _CHUNK)
        except BlockingIOError:
            return False
        self._kept += data[: OUTPUT_LIMIT - len(self._kept)]
        if not data:
            asyncio.get_running_loop().remove_reader(self._reader)
        return bool(data)


async def run_command(
    keeper: Keeper, id_: str, argv: Sequence[str], program: Invocation, *, inside: str, timeout_s: float | None
) -> Result:
    """Runs `argv` with the environment and folder of `program`, which the keeper knows as `inside`; it sees its files.

    `id_` is new to the keeper. None as `timeout_s` is no limit. It is killed when its time is over or the task is
    cancelled.
    """
    command = _Command()
    try:
        keeper.spawn(
            id_,
            argv,
            env=program.env,
            cwd=program.cwd,
            stdout=command.writer,
            stderr=command.writer,
            on_notice=command.on_notice,
            inside=inside,
        )
    finally:
        os.close(command.writer)
    try:
        async with asyncio.timeout(timeout_s):
            ended = await command.ended
    except TimeoutError:
        return Result(None, command.output, f'command timed out: "{" ".join(argv)}" timed out after {timeout_s:g}s')
    finally:
        if not command.is_over:
            with contextlib.suppress(OSError):  # the keeper is gone, and everything with it
                keeper.signal(id_, SIGKILL)
    if isinstance(ended, SpawnFailed):
        return Result(None, problem=f'exec: "{argv[0]}": {ended.refused or os.strerror(ended.errno)}')
    return Result(ended.exit_code, command.output)
