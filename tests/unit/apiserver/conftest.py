"""The API on a store in memory, without a socket."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from asgi_requests import TOKEN, Requests
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import NAMESPACE
from gatelab.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def logs() -> FakeLogs:
    return FakeLogs()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store.open(None, clock=lambda: NOW)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    yield store
    await store.close()


@pytest.fixture
def api(store: Store, logs: FakeLogs) -> Requests:
    hosts = frozenset({"127.0.0.1", "localhost"})
    return Requests(create_app(store, token=TOKEN, hosts=hosts, logs=logs, clock=lambda: NOW))
