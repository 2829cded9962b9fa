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
BUILD_TIMEOUT_S = 900
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatelab-bench"


def built(name: str) -> str:
    """The path of one of PEERS; "" without Go. Several processes may ask at once."""
    module, _, version = PEERS[name].rpartition("@")
    binary = _CACHE / f"{name}-{version}"
    if not binary.exists() and shutil.which("go"):
        own = _CACHE / f"build-{os.getpid()}"
        environment = {**os.environ, "GOBIN": str(own)}
        subprocess.run(["go", "install", f"{module}@{version}"], env=environment, check=True, timeout=BUILD_TIMEOUT_S)
        (own / name).replace(binary)
        own.rmdir()
    return str(binary) if binary.exists() else ""


def built_from(folder: Path, package: str = ".", *, tests: bool = False) -> str:
    """The path of a program whose sources are in a folder of ours, built when they changed; "" without Go.

    `package` is a folder below it; with `tests` the program is that of the package's tests.
    """
    sources = sorted([*folder.rglob("*.go"), folder / "go.mod", folder / "go.sum"])
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:16]
    binary = _CACHE / f"{(folder / package).name}-{digest}"
    if not binary.exists() and shutil.which("go"):
        _CACHE.mkdir(parents=True, exist_ok=True)
        own = _CACHE / f"{binary.name}-{os.getpid()}"
        build: list[str | Path] = ["go", "test", "-c"] if tests else ["go", "build"]
        command = [*build, "-o", own, f"./{package}"]
        subprocess.run(command, cwd=folder, check=True, timeout=BUILD_TIMEOUT_S)
        own.replace(binary)
    return str(binary) if binary.exists() else ""
