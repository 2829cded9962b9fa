"""A real kubectl on a running API."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from running_api import Kubectl, running_api

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """`async with api() as kubectl:` has a fresh API during the block."""
    return lambda: running_api(tmp_path)
