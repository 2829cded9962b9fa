"""Reads logs as entries, what is there and what comes."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gatelab.cli.logs.sources import Source
from gatelab.node.logs.cri import decode
from gatelab.telemetry.log_file import opened_after, rotated
from gatelab.telemetry.read_lines import OwnLine, read_line

_TAIL_BYTES = 1 << 20
"""How much of a file is looked at for its last lines."""


class Entry(msgspec.Struct, frozen=True):
    """A line of a log, as `-o json` prints it. `time` is RFC 3339 in UTC, "" before the first line that has one."""

    time: str
    source: str
    stream: str
    text: str
    fields: Mapping[str, Any] = {}
    """The rest of a structured line: level, logger, and what it is about."""


class Reader:
    """One source from its beginning, or near its end, on."""

    def __init__(self, source: Source, *, near_end: bool) -> None:
        """Raises OSError when the file cannot be read."""
        self.source = source
        self._fd = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
        self._rest = b""
        self._stamp = ""
        self._begun = b""
        size = os.fstat(self._fd).st_size
        self._skips = near_end and size > _TAIL_BYTES
        if self._skips:
            os.lseek(self._fd, size - _TAIL_BYTES, os.SEEK_SET)
        elif not near_end:
            self._rest = _before(source)

    def read(self) -> list[Entry]:
        """The complete lines that are there since the last time. Goes over to the file that took a full one's place."""
        found = list(self._entries(self._read_on()))
        while (successor := opened_after(self.source.path, self._fd)) is not None:
            os.close(self._fd)
            self._fd = successor
            found += self._entries(self._read_on())
        return found

    def close(self) -> None:
        os.close(self._fd)

    def _read_on(self) -> list[bytes]:
        data = self._rest
        if os.lseek(self._fd, 0, os.SEEK_CUR) > os.fstat(self._fd).st_size:
            os.lseek(self._fd, 0, os.SEEK_SET)  # it was copied aside and emptied
        while chunk := os.read(self._fd, 1 << 18):
            data += chunk
        *lines, self._rest = data.split(b"\n")
        if self._skips and lines:
            self._skips = False
            return lines[1:]  # the first one is cut
        return lines

    def _entries(self, lines: list[bytes]) -> Iterator[Entry]:
        for line in lines:
            entry = self._of_pod(line) if self.source.pod else self._of_own(read_line(line.decode(errors="replace")))
            if entry is not None:
                yield entry

    def _of_own(self, line: OwnLine) -> Entry:
        """A line without a time, as of a traceback, belongs to the one before."""
        self._stamp = line.time or self._stamp
        return Entry(self._stamp, self.source.name, "stderr", line.text, line.fields)

    def _of_pod(self, line: bytes) -> Entry | None:
        """A long line is several of the file; it has the time of the last."""
        found = decode(line)
        if found is None:
            return None
        if found.is_partial:
            self._begun += found.text
            return None
        text, self._begun = self._begun + found.text, b""
        return Entry(found.stamp.decode(), self.source.name, found.stream.decode(), text.decode(errors="replace"))


def _before(source: Source) -> bytes:
    try:
        return rotated(source.path).read_bytes()
    except OSError:
        return b""
