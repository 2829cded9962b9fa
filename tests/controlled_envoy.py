"""The Gateway controller on a cluster in memory, with a real Envoy for its Gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fake_cluster import FakeCluster
from gatelab.gateway import DataPlaneSettings, GatewayController
from gatelab.kinds.builtin import GATEWAY, SERVICE
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gatelab.proxy.resources import MANY
from running_envoy import RunningEnvoy, running_envoy

ADDRESS = "127.24.0.30"
GW = Key("default", "gw")
SHIFT = 20_000
"""Added to privileged ports, which a test may not be allowed to bind."""


@asynccontextmanager
async def controlled(cluster: FakeCluster, folder: Path, *, many_hosts: int = MANY) -> AsyncIterator[RunningEnvoy]:
    """An Envoy of Gateway default/gw, whose Service has got its address, and the controller."""
    settings = DataPlaneSettings(
        str(folder / "xds.sock"), "envoy", "service-address", str(folder), privileged_shift=SHIFT
    )
    async with running_envoy(folder, proxy="default/gw", many_hosts=many_hosts) as envoy, asyncio.TaskGroup() as tasks:
        controller = tasks.create_task(GatewayController(cluster, envoy.xds, settings).run())
        await eventually(lambda: Key("default", "gw-gatelab") in cluster.objects.get(SERVICE, {}))
        ingress = {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
        await cluster.patch(SERVICE, Key("default", "gw-gatelab"), {"status": ingress}, subresource="status")
        yield envoy
        controller.cancel()


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110 - the cluster in memory has nothing that could be waited for
            await asyncio.sleep(0.002)


def programmed(cluster: FakeCluster) -> Any:
    present = cluster.objects[GATEWAY][GW].get("status", {})
    return condition(present.get("conditions", ()), "Programmed") or {}


def is_programmed(cluster: FakeCluster) -> bool:
    return bool(programmed(cluster).get("status") == "True")
