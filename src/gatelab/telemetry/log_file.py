"""Log files that do not grow without bound: rotated by size, five of 10 MiB at most, as the kubelet does it.

`containerLogMaxSize` and `containerLogMaxFiles` of the KubeletConfiguration are the same numbers by default.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5
"""The one that is written and those before it."""


def rotated(path: Path, age: int = 1) -> Path:
    """The file that `path` was moved to when it was full, `age` rotations ago."""
    return path.with_name(f"{path.name}.{age}")


def rotate(path: Path, kept: int = KEPT_FILES) -> None:
    """Moves the file aside, and those that were moved before; the oldest is replaced. Raises OSError."""
    shift(path, kept)
    path.replace(rotated(path))


def shift(path: Path, kept: int = KEPT_FILES) -> None:
    """Makes room at `rotated(path)`. Raises OSError."""
    for age in range(kept - 1, 1, -1):
        if rotated(path, age - 1).exists():
            rotated(path, age - 1).replace(rotated(path, age))


def all_files(path: Path) -> Sequence[Path]:
    """The file and those it was rotated to, the oldest first; those that are there."""
    ages = range(KEPT_FILES - 1, 0, -1)
    return [each for each in (*(rotated(path, age) for age in ages), path) if each.exists()]


def opened_after(path: Path, fd: int) -> int | None:
    """Opens the file that took the place of the one that `fd` has open, for a reader to go on; None when there is none.

    When that one is gone already, rotated away while nobody looked, it is the oldest that is left.
    """
    present, found = os.fstat(fd).st_ino, None
    for each in reversed(all_files(path)):
        try:
            candidate = os.open(each, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if os.fstat(candidate).st_ino == present:
            os.close(candidate)
            break
        if found is not None:
            os.close(found)
        found = candidate
    return found


class LogFile(logging.Handler):
    """Appends to a file (0600). With `takes_output` stdout and stderr go to it as well, and so tracebacks."""

    def __init__(self, path: Path, *, takes_output: bool, limit_bytes: int = LIMIT_BYTES) -> None:
        """Raises OSError."""
        super().__init__()
        self._path = path
        self._takes_output = takes_output
        self._limit = limit_bytes
        self._fd = -1
        self._open()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode(errors="backslashreplace") + b"\n"
            size = os.fstat(self._fd).st_size
            if size and size + len(line) > self._limit:
                rotate(self._path)
                self._open()
            os.write(self._fd, line)
        except OSError:
            return  # a full disk: there is nowhere to say it, and the work goes on
        except Exception:  # noqa: BLE001  # What logging asks of handlers: a record that cannot be formatted.
            self.handleError(record)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        super().close()

    def _open(self) -> None:
        before, self._fd = self._fd, os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if before >= 0:
            os.close(before)
        if self._takes_output:
            os.dup2(self._fd, 1)
            os.dup2(self._fd, 2)
