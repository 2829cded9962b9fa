"""The CRI log format: `<RFC 3339 with nanoseconds> <stdout|stderr> <P|F> <text>`; P says that the line goes on."""

import time
from datetime import UTC, datetime
from typing import NamedTuple

LINE_LIMIT = 16 * 1024
"""Longer lines are cut into partial ones, as containerd does."""


class Entry(NamedTuple):
    """One line of a log file. `stamp` is the time as written."""

    stamp: bytes
    stream: bytes
    is_partial: bool
    text: bytes


def stamp(time_ns: int) -> bytes:
    """RFC 3339 in UTC with nine digits."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}Z".encode()


def encode(time_ns: int, stream: bytes, text: bytes, *, is_partial: bool) -> bytes:
    """One line of a log file."""
    return b"%s %s %s %s\n" % (stamp(time_ns), stream, b"P" if is_partial else b"F", text)


def decode(line: bytes) -> Entry | None:
    """A line (without its end) read back; None when it is none of ours, such as one cut short by a crash."""
    parts = line.split(b" ", 3)
    if len(parts) != 4 or parts[2] not in (b"P", b"F"):
        return None
    return Entry(parts[0], parts[1], parts[2] == b"P", parts[3])


def stamp_at(wall_s: float) -> bytes:
    """The stamp of a wall-clock time, to be compared with others as bytes."""
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()


class LineCutter:
    """Cuts what a pipe gives into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """The lines that are complete now, or too long to wait for, as (text, is partial)."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        cut: list[tuple[bytes, bool]] = []
        for line in whole:
            cut += _pieces(line)
        while len(self._rest) >= LINE_LIMIT:
            cut.append((self._rest[:LINE_LIMIT], True))
            self._rest = self._rest[LINE_LIMIT:]
        return cut

    def finish(self) -> list[tuple[bytes, bool]]:
        """What is left when the pipe ends: a last line without its end."""
        rest, self._rest = self._rest, b""
        return [(rest, True)] if rest else []


def _pieces(line: bytes) -> list[tuple[bytes, bool]]:
    heads = [(line[at : at + LINE_LIMIT], True) for at in range(0, len(line) - LINE_LIMIT, LINE_LIMIT)]
    return [*heads, (line[len(heads) * LINE_LIMIT :], False)]
