"""The API server's side: log files as the streams that `kubectl logs` asks for."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gatelab.kinds.errors import BadRequest, NotFound
from gatelab.node.logs.cri import decode, stamp_at
from gatelab.node.logs.files import log_file, newest_pod_folder, runs
from gatelab.telemetry.log_file import opened_after, rotated

_POLL_S = 0.05
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Choice:
    """What of a log is wanted. `since` is a stamp."""

    since: bytes
    timestamps: bool
    tail_lines: int | None


class FileLogs:
    """The logs below `folder`, where the agent writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def stream(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool,
        previous: bool,
        tail_lines: int | None,
        since_s: float | None,
        timestamps: bool,
        limit_bytes: int | None,
    ) -> AsyncIterator[bytes]:
        """The container's output in pieces of whole lines; with `follow` until the container has ended.

        Raises NotFound when the container never ran, BadRequest when there is no `previous` run of it.
        """
        path = self._find(namespace, pod, container, previous=previous)
        since = stamp_at(time.time() - since_s) if since_s is not None else b""
        choice = _Choice(since, timestamps, tail_lines)
        left = limit_bytes
        async for piece in _pieces(path, choice, follow=follow):
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            if piece:
                yield piece
            if left is not None and left <= 0:
                return

    def _find(self, namespace: str, pod: str, container: str, *, previous: bool) -> Path:
        folder = newest_pod_folder(self._folder, namespace, pod)
        known = runs(folder / container) if folder else []
        if folder is None or not known:
            raise NotFound(f'container "{container}" in pod "{pod}" has not written a log: it was never started')
        if not previous:
            return log_file(folder / container, known[-1])
        if len(known) < 2:
            raise BadRequest(f'previous terminated container "{container}" in pod "{pod}" not found')
        return log_file(folder / container, known[-2])


async def _pieces(path: Path, choice: _Choice, *, follow: bool) -> AsyncIterator[bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    held = [fd]
    try:
        # Reading and cutting ten megabytes takes a while: not in the loop that serves everybody.
        first, rest = await asyncio.to_thread(_whole, path, fd, choice)
        yield first
        while follow:
            ended = _has_ended(held[-1])
            data = rest + _read_on(held[-1])
            *lines, rest = data.split(b"\n")
            if lines:
                yield b"".join(_shown(lines, choice))
            elif ended and not _reopened(path, held):
                return
            elif not ended:
                await asyncio.sleep(_POLL_S)
    finally:
        os.close(held[-1])


def _whole(path: Path, fd: int, choice: _Choice) -> tuple[bytes, bytes]:
    """What is there now, as asked for, and the beginning of a line that is not complete yet."""
    data = b"" if choice.tail_lines == 0 else _read_rotated(path)
    *lines, rest = (data + _read_on(fd)).split(b"\n")
    wanted = _tail(lines, choice.tail_lines) if choice.tail_lines is not None else lines
    return b"".join(_shown(wanted, choice)), rest


def _read_rotated(path: Path) -> bytes:
    try:
        return rotated(path).read_bytes()
    except FileNotFoundError:
        return b""


def _read_on(fd: int) -> bytes:
    data = b""
    while chunk := os.read(fd, _CHUNK):
        data += chunk
    return data


def _tail(lines: list[bytes], count: int) -> list[bytes]:
    """The last `count` lines of the program, each of which may be several of the file."""
    at, found = len(lines), 0
    while at > 0:
        entry = decode(lines[at - 1])
        if entry is not None and (not entry.is_partial or at == len(lines)):
            if found == count:
                break
            found += 1
        at -= 1
    return lines[at:]


def _shown(lines: Iterable[bytes], choice: _Choice) -> Iterator[bytes]:
    goes_on = False
    for line in lines:
        entry = decode(line)
        if entry is None or entry.stamp < choice.since:
            continue
        if choice.timestamps and not goes_on:
            yield entry.stamp + b" "
        goes_on = entry.is_partial
        yield entry.text if entry.is_partial else entry.text + b"\n"


def _has_ended(fd: int) -> bool:
    """Whether nobody writes to this very file any more: its writer's lock is gone."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True


def _reopened(path: Path, held: list[int]) -> bool:
    """Goes over to the file that took the place of a full one. False when there is none."""
    fd = opened_after(path, held[-1])
    if fd is None:
        return False
    os.close(held.pop())
    held.append(fd)
    return True
