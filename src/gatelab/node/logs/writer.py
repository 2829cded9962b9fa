"""The agent's side: two pipes of a container into its log file."""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gatelab.node.logs.cri import LineCutter, encode
from gatelab.node.logs.files import forget_old_runs, log_file
from gatelab.telemetry.log_file import LIMIT_BYTES, rotate

logger = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_TAIL_CHUNKS = 64
"""What a program wrote before it ended is at most a full pipe per stream (64 KiB, pipe(7)); more is somebody else's."""


class Loop(Protocol):
    """The two methods of an event loop that a writer needs."""

    def add_reader(self, fd: int, callback: Callable[..., object], /, *args: object) -> object: ...

    def remove_reader(self, fd: int, /) -> object: ...


class LogWriter:
    """Reads the pipes of one run of a container. Give `stdout` and `stderr` to the program, then call `started`."""

    def __init__(self, folder: Path, run: int, *, loop: Loop, limit_bytes: int = LIMIT_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_old_runs(folder, run)
        self._path = log_file(folder, run)
        self._loop = loop
        self._limit = limit_bytes
        self._file, self._size = _open_locked(self._path)
        self._is_torn = False
        self._lost_lines = 0
        self._pipes: dict[int, tuple[bytes, LineCutter]] = {}
        self.stdout = self._pipe(b"stdout")
        self.stderr = self._pipe(b"stderr")

    def started(self) -> None:
        """The program has its ends now (or never will): ours are closed, so that the pipes can end."""
        os.close(self.stdout)
        os.close(self.stderr)

    def ended(self) -> None:
        """The program is gone: writes what is still in the pipes and closes the file."""
        for fd in list(self._pipes):
            for _ in range(_TAIL_CHUNKS):
                if not self._read(fd):
                    break
            self._close_pipe(fd)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _pipe(self, stream: bytes) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        self._pipes[reader] = (stream, LineCutter())
        self._loop.add_reader(reader, self._read, reader)
        return writer

    def _read(self, fd: int) -> bool:
        """Whether there may be more to read."""
        if fd not in self._pipes:
            return False
        stream, cutter = self._pipes[fd]
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._close_pipe(fd)
            return False
        self._write(stream, cutter.feed(data))
        return True

    def _close_pipe(self, fd: int) -> None:
        if (pipe := self._pipes.pop(fd, None)) is not None:
            self._loop.remove_reader(fd)
            os.close(fd)
            self._write(pipe[0], pipe[1].finish())

    def _write(self, stream: bytes, lines: list[tuple[bytes, bool]]) -> None:
        if not lines or self._file < 0:
            return
        now = time.time_ns()
        data = b"".join(encode(now, stream, text, is_partial=partial) for text, partial in lines)
        try:
            if self._size and self._size + len(data) > self._limit:
                self._rotate()
            self._append(data)
        except OSError as error:
            # A full disk must not end the agent, and with it the lab.
            if not self._lost_lines:
                logger.warning("%s is not written: %s; lines are lost", self._path, error.strerror)
            self._lost_lines += len(lines)
            return
        if self._lost_lines:
            logger.warning("%s is written again; %d lines were lost", self._path, self._lost_lines)
            self._lost_lines = 0

    def _append(self, data: bytes) -> None:
        """Raises OSError. A disk that fills up takes a part: what comes next must not go on in the middle of a line."""
        data = b"\n" + data if self._is_torn else data
        written = os.write(self._file, data)
        self._size += written
        self._is_torn = written < len(data) and not data[:written].endswith(b"\n")

    def _rotate(self) -> None:
        if self._path.exists():  # not so when a full disk refused the new file the last time
            rotate(self._path)
        old, (self._file, self._size) = self._file, _open_locked(self._path)
        os.close(old)


def _open_locked(path: Path) -> tuple[int, int]:
    """Opens for appending and takes the lock; a reader may hold it for the instant of its own look."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd, os.fstat(fd).st_size
