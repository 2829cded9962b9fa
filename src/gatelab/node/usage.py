"""CPU and memory of processes and of process trees, from /proc (proc(5))."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_UTIME, _CSTIME = 11, 15
"""Fields 14 to 17 of /proc/<pid>/stat (utime, stime, cutime, cstime), counted after the command's name."""


class Usage(NamedTuple):
    """`cores`: CPU seconds per second over `window_s`. `memory_bytes`: PSS, in which shared pages are shared out."""

    cores: float
    memory_bytes: int
    window_s: float


@dataclass(slots=True)
class _Tree:
    cpu_s: float
    at: float
    memory_bytes: int
    memory_at: float


class UsageMeter:
    """Measures named processes again and again. Adding up the PSS of all gives what the lab costs."""

    def __init__(self, *, memory_every_s: float = 15.0) -> None:
        """Reading a PSS walks the page tables, some milliseconds for an Envoy, so it is done this rarely."""
        self._memory_every_s = memory_every_s
        self._trees: dict[str, _Tree] = {}

    def measure(self, trees: Mapping[str, int], alone: Mapping[str, int], now: float) -> Mapping[str, Usage]:
        """Usage by name since the last measurement, without what is gone. `now` is of a monotonic clock.

        `trees` are counted with all their descendants, `alone` without: the keeper is the parent of everything.
        """
        pids = {name: tree_of(pid) for name, pid in trees.items()}
        pids |= {name: [pid] for name, pid in alone.items()}
        self._trees = {name: tree for name, tree in self._trees.items() if pids.get(name)}
        return {name: self._measure(name, each, now) for name, each in pids.items() if each}

    def _measure(self, name: str, pids: Sequence[int], now: float) -> Usage:
        cpu_s = sum(map(cpu_seconds, pids))
        before = self._trees.get(name)
        if before is None or now - before.memory_at >= self._memory_every_s:
            memory, memory_at = sum(map(pss_bytes, pids)), now
        else:
            memory, memory_at = before.memory_bytes, before.memory_at
        self._trees[name] = _Tree(cpu_s, now, memory, memory_at)
        if before is None or now <= before.at:
            return Usage(0.0, memory, 0.0)
        # A process that ended takes its seconds along unless its parent waited for it: never below zero.
        return Usage(max(0.0, cpu_s - before.cpu_s) / (now - before.at), memory, now - before.at)


def tree_of(pid: int) -> list[int]:
    """The process and its descendants; nothing when it is gone."""
    if not Path(f"/proc/{pid}").exists():
        return []
    found = [pid]
    for each in found:
        found += _children(each)
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and of its children that were waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0.0
    fields = stat.rpartition(b")")[2].split()
    return sum(map(int, fields[_UTIME:_CSTIME])) / _TICKS_PER_S


def pss_bytes(pid: int) -> int:
    """Proportional set size; 0 when the process is gone."""
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open("rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_bytes().split()]
    except OSError:
        return []
