"""`kubectl events`, once and watching."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.kinds.builtin import POD
from gatelab.reconcile import Recorder
from kubectl_objects import put
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl


async def test_events_are_shown_as_they_come(api: Api) -> None:
    async with api() as kubectl:
        pod = await put(kubectl.store, POD, {"metadata": {"name": "p"}, "spec": {"containers": []}})
        recorder = Recorder(EmbeddedCluster(kubectl.store), "kubelet")
        await recorder.event(pod, "Normal", "First", "before")
        watching = await kubectl.start("events", "--watch", "--for", "pod/p")
        assert watching.stdout is not None
        try:
            async with asyncio.timeout(20):
                assert b"REASON" in await watching.stdout.readline()
                assert b"before" in await watching.stdout.readline()
                await recorder.event(pod, "Warning", "Second", "after")
                assert b"after" in await watching.stdout.readline()
        finally:
            watching.terminate()
            await watching.communicate()
        assert await kubectl.ok("events", "--types=Warning", "--no-headers") != ""
