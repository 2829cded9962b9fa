"""A parameter per case, and an Envoy that gets them all."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from golden_cases import case_paths, read_case
from running_envoy import RunningEnvoy, running_envoy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [read_case(path) for path in case_paths()]
        metafunc.parametrize("case", cases, ids=[case.name for case in cases])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cases_envoy() -> AsyncIterator[RunningEnvoy]:
    """One Envoy that gets every case, one after the other."""
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        async with running_envoy(Path(folder), proxy="cases/proxy") as running:
            yield running
