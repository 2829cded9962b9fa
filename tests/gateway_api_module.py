"""Upstream's Gateway API v1.6.1, from the cache of Go modules. Tests that need it skip where Go is absent."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

VERSION = "v1.6.1"


@cache
def module() -> Path:
    """The module's folder; it is downloaded if it is not there yet."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed: the definitions of upstream cannot be had")
    command = [go, "mod", "download", "-json", f"sigs.k8s.io/gateway-api@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True, cwd="/")
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the Go module of the Gateway API cannot be downloaded: {error}")
    return Path(json.loads(done.stdout)["Dir"])


def crds(channel: str) -> Sequence[Path]:
    """The files with the CustomResourceDefinitions of a channel."""
    found = (module() / "config" / "crd" / channel).glob("gateway.networking.*_*.yaml")
    return sorted(path for path in found if "_vap_" not in path.name)
