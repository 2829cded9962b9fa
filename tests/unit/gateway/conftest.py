"""A cluster in memory with the Gateway controller running on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from fake_cluster import FakeCluster
from gatelab.gateway import GatewayController, XdsPort
from gateway_objects import SETTINGS, FakeXds

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def xds() -> FakeXds:
    fake = FakeXds()
    _is_a_port: XdsPort = fake
    return fake


@pytest_asyncio.fixture
async def running(cluster: FakeCluster, xds: FakeXds) -> AsyncIterator[None]:
    """The controller runs during the test."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(GatewayController(cluster, xds, SETTINGS).run())
        yield
        task.cancel()


@pytest.fixture
def eventually(cluster: FakeCluster) -> Eventually:
    """`await eventually(f)` returns f()'s first true answer, for which it waits ten seconds at most."""

    async def wait(condition: Callable[[], Any]) -> Any:
        async with asyncio.timeout(40):
            while not (answer := condition()):  # noqa: ASYNC110 - a fake has nothing that could be waited for
                await asyncio.sleep(0.001)
        return answer

    return wait
