"""The message of a container that failed, where its Pod asks for the end of its log (FallbackToLogsOnError)."""

import os
from pathlib import Path

from gatelab.node.logs.cri import decode

_LINES, _BYTES = 80, 2048
"""The kubelet's limits."""
_READ = 16 * 1024


def log_tail(path: Path) -> str:
    """The last 80 lines of the log or its last 2048 bytes, whichever is less; "" when there is no log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _READ))
            lines = file.read().splitlines()
    except OSError:
        return ""
    entries = [entry for entry in map(decode, lines) if entry is not None]
    text = b"".join(each.text + (b"" if each.is_partial else b"\n") for each in entries[-_LINES:])
    return text[-_BYTES:].decode(errors="replace")
