"""Fixtures: kubectl in two versions on an API or on a lab of its own."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from running_api import kubectl_binaries
from running_lab import MANIFESTS as EXAMPLE
from running_lab import Lab, print_logs, start_lab, stop_lab

MANIFESTS = Path(__file__).parent / "manifests"


@pytest.fixture
def versions() -> dict[str, Path]:
    """Both kubectls, by version."""
    found = kubectl_binaries()
    missing = [version for version, path in found.items() if not path.exists()]
    if missing:
        pytest.skip(f"kubectl {missing[0]} is not installed: `make test` installs it")
    return found


@pytest.fixture
def session_of(tmp_path: Path) -> Callable[[str, Path, Path | str], tuple[Path, dict[str, str]]]:
    """Where a session's commands run, and with which variables: a folder of manifests, and kubectl on the PATH."""

    def made(version: str, binary: Path, kubeconfig: Path | str) -> tuple[Path, dict[str, str]]:
        home = tmp_path / version
        shutil.copytree(MANIFESTS, home / "manifests")
        shutil.copytree(EXAMPLE, home / "manifests" / "hello-grpc")
        (home / "bin").mkdir()
        (home / "bin" / "kubectl").symlink_to(binary)
        variables = {"HOME": str(home), "KUBECONFIG": str(kubeconfig), "LANG": "C.UTF-8", "TZ": "UTC"}
        return home / "manifests", {**variables, "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}

    return made


@pytest.fixture(scope="session")
def one_lab() -> Iterator[Lab]:
    """A lab for all sessions that need one; each leaves it as it was."""
    folder = Path(tempfile.mkdtemp(prefix="gl-"))
    lab = start_lab(folder, "clients")
    try:
        yield lab
    finally:
        stop_lab(lab)
        print_logs(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def no_lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No lab is there; and what a test leaves open is found in that test, for warnings are errors."""
    for name in ("KUBECONFIG", "GATELAB_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    gc.collect()
