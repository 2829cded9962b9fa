"""What a crash left in the write-ahead log, so that it can be said what recovery did not take.

SQLite itself recovers: it takes every transaction up to the first frame whose checksum is wrong, and does not say that
there was more (https://www.sqlite.org/fileformat2.html#walformat). A process that was killed leaves half a
transaction there, which nobody was told of; a damaged disk may leave more.
"""

import struct
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">IIIIIIII")
_FRAME = struct.Struct(">IIII")
_FRAME_HEADER_BYTES = 24
_MAGIC = (0x377F0682, 0x377F0683)


class Log(NamedTuple):
    """The log as found on disk: how many frames of the present generation it holds, the last one maybe cut short."""

    frames: int
    is_cut: bool
    is_readable: bool


NOTHING = Log(0, is_cut=False, is_readable=True)


def found(journal: Path) -> Log:
    """The log beside a journal that nobody has open. Frames of an earlier generation, behind the end, do not count."""
    path = journal.with_name(f"{journal.name}-wal")
    try:
        with path.open("rb") as file:
            return _read(file.read())
    except FileNotFoundError:
        return NOTHING


def _read(log: bytes) -> Log:
    if not log:
        return NOTHING
    if len(log) < _HEADER.size:
        return Log(0, is_cut=True, is_readable=True)  # cut while the header was written: no frame was there yet
    magic, _, page_size, _, *salts, _, _ = _HEADER.unpack_from(log)
    frame_size = _FRAME_HEADER_BYTES + page_size
    if magic not in _MAGIC or page_size < 512:
        return Log(0, is_cut=False, is_readable=False)
    frames, place = 0, _HEADER.size
    while place + _FRAME_HEADER_BYTES <= len(log) and list(_FRAME.unpack_from(log, place)[2:]) == salts:
        if place + frame_size > len(log):
            return Log(frames, is_cut=True, is_readable=True)
        frames, place = frames + 1, place + frame_size
    return Log(frames, is_cut=False, is_readable=True)


def left_out(log: Log, taken: int) -> str | None:
    """A sentence if recovery took less than what was there. `taken` is the number of frames that SQLite found good."""
    if not log.is_readable:
        return "its write-ahead log could not be read at all; the state is that of the last checkpoint"
    lost = log.frames - taken + log.is_cut
    if lost <= 0:
        return None
    return (
        f"recovered up to the last whole write; {lost} of {log.frames + log.is_cut} pages at the end of its "
        "write-ahead log belong to a write that was cut short, or are damaged"
    )
