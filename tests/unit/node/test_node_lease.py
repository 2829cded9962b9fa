"""The node's Lease: made, renewed, and made anew when somebody took it away."""

import asyncio
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.kinds.builtin import LEASE
from gatelab.kinds.lab import NODE_LEASE_NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.node import node_lease

KEY = Key(NODE_LEASE_NAMESPACE, "gatelab")


async def test_it_is_made_renewed_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_lease, "RENEW_EVERY_S", 0.0)
    cluster = FakeCluster()
    events = cluster.watch(LEASE)
    seen: list[Any] = []
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        assert await anext(events)
        keeping = tasks.create_task(node_lease.keep_lease(cluster))
        while len(seen) < 3:
            seen.append(await anext(events))
        del cluster.objects[LEASE][KEY]
        while KEY not in cluster.objects[LEASE]:
            await anext(events)
        keeping.cancel()
    renewed = [each.object["spec"]["renewTime"] for each in seen]
    assert renewed == sorted(set(renewed)), "each write has a later time"
    assert cluster.objects[LEASE][KEY]["spec"]["holderIdentity"] == "gatelab"
