"""A cluster in memory, and a way to run something beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.cluster.port import Cluster

Beside = Callable[[Coroutine[Any, Any, None]], AbstractAsyncContextManager[None]]


@pytest.fixture
def cluster() -> FakeCluster:
    fake = FakeCluster()
    _is_a_cluster: Cluster = fake
    return fake


@pytest.fixture
def beside() -> Beside:
    """`async with beside(coroutine):` runs it during the block, which has ten seconds."""

    @asynccontextmanager
    async def run(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(coroutine)
            try:
                yield
            finally:
                task.cancel()

    return run
