"""Programs of others that are compared with, and run against, a lab: built by `go install` into a cache, once."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PEERS = {
    "ghz": "github.com/bojand/ghz/cmd/ghz@v0.121.0",
    "grpcurl": "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3",
}
PROXIES = {"envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway@v1.9.1"}
"""Proxies that are compared with a Gateway's Envoy; the first build takes minutes."""
BUILD_TIMEOUT_S = 900
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatelab-bench"


def built(name: str) -> str:
    """The path of one of PEERS or PROXIES; "" without Go. Several processes may ask at once."""
    module, _, version = (PEERS | PROXIES)[name].rpartition("@")
    binary = CACHE / f"{name}-{version}"
    if not binary.exists() and shutil.which("go"):
        own = CACHE / f"build-{os.getpid()}"
        environment = {**os.environ, "GOBIN": str(own)}
        subprocess.run(["go", "install", f"{module}@{version}"], env=environment, check=True, timeout=BUILD_TIMEOUT_S)
        (own / name).replace(binary)
        own.rmdir()
    return str(binary) if binary.exists() else ""


def built_from(folder: Path, *, tests: bool = False) -> str:
    """The path of the program whose sources are in a folder of ours, built when they changed; "" without Go.

    With `tests` it is the program of the folder's tests.
    """
    sources = sorted([*folder.glob("*.go"), folder / "go.mod", folder / "go.sum"])
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:16]
    binary = CACHE / f"{folder.name}-{digest}"
    if not binary.exists() and shutil.which("go"):
        CACHE.mkdir(parents=True, exist_ok=True)
        own = CACHE / f"{binary.name}-{os.getpid()}"
        build = ["go", "test", "-c"] if tests else ["go", "build"]
        subprocess.run([*build, "-o", own, "."], cwd=folder, check=True, timeout=BUILD_TIMEOUT_S)
        own.replace(binary)
    return str(binary) if binary.exists() else ""
