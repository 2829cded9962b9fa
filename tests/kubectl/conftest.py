"""A real kubectl on a running API."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from running_api import Kubectl, kubectl_binaries, running_api

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]


@pytest.fixture(params=kubectl_binaries())
def api(tmp_path: Path, request: pytest.FixtureRequest) -> Api:
    """`async with api() as kubectl:` has a fresh API during the block; once for each version of kubectl."""
    binary = kubectl_binaries()[request.param]
    if not binary.exists():
        pytest.skip(f"kubectl {request.param} is not installed: `make test` installs it")
    return lambda: running_api(tmp_path, binary)
