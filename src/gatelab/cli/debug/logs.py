"""Ends of logs for a support bundle."""

import os
from collections.abc import Mapping
from pathlib import Path

from gatelab.node.place import LabPlace
from gatelab.telemetry.log_file import all_files

_OWN_BYTES = 4 * 1024 * 1024
_POD_BYTES = 256 * 1024


def files(place: LabPlace) -> Mapping[str, str]:
    """Of the lab's own processes the last 4 MiB, over rotated files; of each container's runs the last 256 KiB."""
    found = {}
    for log in (place.agent_log, place.controlplane_log, place.service_proxy_log):
        if text := _tail(log, _OWN_BYTES):
            found[log.name] = text
    for log in sorted(place.pod_logs.glob("*_*_*/*/*.log")):
        found[str(Path("pods") / log.relative_to(place.pod_logs))] = _tail(log, _POD_BYTES)
    return found


def _tail(log: Path, most: int) -> str:
    """Whole lines: half of a secret would not be known as one."""
    data, left = [], most
    for file in reversed(all_files(log)):
        if left <= 0:
            break
        end = _end(file, left)
        data.append(end)
        left -= len(end)
    return b"".join(reversed(data)).decode(errors="replace")


def _end(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - most))
            data = opened.read()
    except OSError:
        return b""
    return data if size <= most else data.partition(b"\n")[2]
