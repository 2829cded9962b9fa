"""One Envoy for all tests of a session that do not stop it, and fresh ones for the others."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from running_envoy import RunningEnvoy, running_envoy


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a Unix socket's name; tmp_path often does not."""
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        yield Path(folder)


@pytest_asyncio.fixture
async def envoy(socket_folder: Path) -> AsyncIterator[RunningEnvoy]:
    """An Envoy of this test's own."""
    async with running_envoy(socket_folder) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_envoy() -> AsyncIterator[RunningEnvoy]:
    """The session's Envoy: publish what you like, the next test publishes something else."""
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        async with running_envoy(Path(folder), proxy="session/proxy") as running:
            yield running
