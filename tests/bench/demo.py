"""How long a stranger waits, what the lab weighs, what the gateway adds: the demo's own report, several times."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

FIELDS: Mapping[str, Callable[[dict[str, Any]], float]] = {
    "startup_s": lambda report: report["startup_s"],
    "first_ok_s": lambda report: report["first_ok_s"],
    "startup_and_first_ok_s": lambda report: report["startup_s"] + report["first_ok_s"],
    "memory_pss_mb": lambda report: report["memory_pss_bytes"] / 1e6,
    "l7_p50_ms": lambda report: report["l7"]["service_time_ns"]["p50"] / 1e6,
    "l7_response_p50_ms": lambda report: report["l7"]["response_time_ns"]["p50"] / 1e6,
    "l4_p50_ms": lambda report: report["l4"]["service_time_ns"]["p50"] / 1e6,
    "direct_p50_ms": lambda report: report["direct"]["service_time_ns"]["p50"] / 1e6,
    "added_p50_ms": lambda report: report["added_latency_ns"] / 1e6,
    "errors": lambda report: sum(report[path]["errors"] for path in ("l7", "l4", "direct")),
}


def measure(runs: int) -> dict[str, Any]:
    reports = [_demo() for _ in range(runs)]
    values = {name: [round(read(report), 4) for report in reports] for name, read in FIELDS.items()}
    return {
        "command": "gatelab demo --format json",
        "verdicts": [report["verdict"] for report in reports],
        "medians": {name: round(statistics.median(each), 4) for name, each in values.items()},
        "values": values,
    }


def _demo() -> dict[str, Any]:
    command = [sys.executable, "-m", "gatelab", "demo", "--format", "json"]
    done = subprocess.run(command, text=True, capture_output=True, timeout=180, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"gatelab demo exited with {done.returncode}: {done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report
