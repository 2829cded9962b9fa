"""What a lab costs that nobody uses: CPU time of all its processes over a while, in percent of one core, and memory."""

import statistics
import time
from typing import Any

import psutil

from bench.lab import Lab, example_lab

SETTLE_S = 10.0
OBSERVE_S = 20.0


def measure(runs: int) -> dict[str, Any]:
    with example_lab() as lab:
        time.sleep(SETTLE_S)
        cpu = [_cpu_percent(lab) for _ in range(runs)]
        memory = {name_of(each): each.memory_full_info().pss / 1e6 for each in lab.processes()}
    by_name: dict[str, float] = {}
    for (name, _), megabytes in memory.items():
        by_name[name] = round(by_name.get(name, 0) + megabytes, 1)
    return {
        "observed_s": OBSERVE_S,
        "medians": {
            "cpu_percent_of_one_core": round(statistics.median(cpu), 2),
            "memory_pss_mb": round(sum(memory.values()), 1),
        },
        "cpu_percent": cpu,
        "memory_pss_mb_by_process": by_name,
    }


def _cpu_percent(lab: Lab) -> float:
    before = _cpu_s(lab)
    time.sleep(OBSERVE_S)
    return round(100 * (_cpu_s(lab) - before) / OBSERVE_S, 2)


def _cpu_s(lab: Lab) -> float:
    times = [each.cpu_times() for each in lab.processes()]
    return sum(each.user + each.system for each in times)


def name_of(process: psutil.Process) -> tuple[str, int]:
    """What a process of a lab is, and its pid."""
    words = process.cmdline()
    known = ("gatelab.controlplane", "gatelab.backends.hello", "keeper", "envoy", "up")
    return next((name for name in known if any(name in word for word in words)), process.name()), process.pid
