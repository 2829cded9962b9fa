"""Folders of upstream's Go modules. Tests that need one skip where Go is absent, or the module cannot be had."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest


@cache
def module_folder(path: str, version: str) -> Path:
    """The module's folder in the cache; it is downloaded if it is not there yet."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"Go is not installed: the definitions of {path} cannot be had")
    command = [go, "mod", "download", "-json", f"{path}@{version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True, cwd="/")
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the Go module {path} cannot be downloaded: {error}")
    return Path(json.loads(done.stdout)["Dir"])
