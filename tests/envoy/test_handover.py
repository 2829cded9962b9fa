"""Two Envoys at one address: the one that drains takes nothing new, says so on what it has, and finishes it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gatelab.proxy import drain, drain_by_request
from gatelab.proxy.model import HttpChain, Listener
from proxy_configs import greetings_to, proxy_config
from running_envoy import DEADLINE_S, RunningEnvoy, call, grpc_backends, grpc_channel, running_envoy, traffic

pytestmark = pytest.mark.envoy
ADDRESS, PORT = "127.23.1.11", 8080
CONFIG = proxy_config(greetings_to("hello"), listener=Listener("http", ADDRESS, PORT, (HttpChain("http", "routes"),)))
TARGET = f"{ADDRESS}:{PORT}"
CONNECTIONS = "http.routes.downstream_cx_total"


@asynccontextmanager
async def two_envoys(folder: Path) -> AsyncIterator[tuple[RunningEnvoy, RunningEnvoy]]:
    async with AsyncExitStack() as stack:
        envoys = []
        for name in ("old", "new"):
            (folder / name).mkdir()
            envoy = await stack.enter_async_context(running_envoy(folder / name, proxy=name))
            envoy.shares_addresses = True
            envoys.append(envoy)
        yield envoys[0], envoys[1]


async def drained(envoy: RunningEnvoy) -> int | None:
    """The hook, as it is run in a pod; its exit code."""
    environment = {**os.environ, drain.ADMIN_SOCKET: str(envoy.folder / "admin.sock")}
    hook = await asyncio.create_subprocess_exec(sys.executable, "-IS", drain.__file__, env=environment)
    return await asyncio.wait_for(hook.wait(), drain.MOST_S + DEADLINE_S)


async def test_steady_calls_move_over_and_none_is_lost(socket_folder: Path) -> None:
    async with two_envoys(socket_folder) as (old, new), grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await old.accept(CONFIG, endpoints)
        async with traffic(TARGET, callers=4) as met:
            await new.accept(CONFIG, endpoints)
            assert await drained(old) == 0
            taken = await old.counter(CONNECTIONS)
            old.process.terminate()
            await old.process.wait()
            await met.more(100)
            for _ in range(20):
                async with grpc_channel(TARGET) as channel:
                    assert await call(channel) in backends.calls
        assert set(met.answers) == set(backends.calls)
        assert taken >= 4
        assert await new.counter(CONNECTIONS) >= 24


async def test_a_call_under_way_is_finished_first(socket_folder: Path) -> None:
    async with two_envoys(socket_folder) as (old, new), grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await old.accept(CONFIG, endpoints)
        async with grpc_channel(TARGET) as channel, asyncio.TaskGroup() as tasks:
            long = tasks.create_task(call(channel, message=b"wait"))
            async with asyncio.timeout(DEADLINE_S):
                while await old.counter("http.routes.downstream_rq_active") == 0:
                    pass
            await new.accept(CONFIG, endpoints)
            draining = tasks.create_task(drained(old))
            async with asyncio.timeout(DEADLINE_S):
                while "DRAINING" not in await old.admin("/ready"):
                    pass
            assert not draining.done()
            backends.release.set()
            assert await long in backends.calls
            assert await draining == 0


async def test_an_envoy_that_is_alone_in_its_image_drains_when_it_is_asked_to(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_by_request.drain_route, "__defaults__", (1,))
    ready = ("127.23.3.11", 19001)
    async with (
        running_envoy(socket_folder, ready=ready, drain_path="/drain/it") as envoy,
        grpc_backends(["127.23.2.1"]) as backends,
        grpc_channel(TARGET) as channel,
    ):
        await envoy.accept(CONFIG, {"hello": backends.endpoints})
        assert await call(channel) in backends.calls
        assert await asked(ready, "/drain/other") == 404
        assert "LIVE" in await envoy.admin("/ready")
        assert await asked(ready, "/drain/it") == 200
        assert "DRAINING" in await envoy.admin("/ready")
        assert await call(channel) in backends.calls, "what is connected is still served"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(ADDRESS, PORT)
        assert await asked(ready, "/clusters") == 200, "and the ready port is"


async def asked(ready: tuple[str, int], path: str) -> int:
    reader, writer = await asyncio.open_connection(*ready)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(DEADLINE_S):
        line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def test_without_an_envoy_the_hook_says_so(socket_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    hook = await asyncio.create_subprocess_exec(
        sys.executable, "-IS", drain.__file__, env={drain.ADMIN_SOCKET: str(socket_folder / "nobody")}
    )
    assert await hook.wait() == 1
    assert f"Envoy's admin interface {socket_folder / 'nobody'}: " in capfd.readouterr().err


def test_what_is_busy() -> None:
    stats = """
cluster.a.upstream_rq_active: 7
http.admin.downstream_cx_active: 1
http.admin.downstream_rq_active: 1
http.gatelab.admin.downstream_rq_active: 1
http.port-443.downstream_cx_active: 3
http.port-443.downstream_rq_active: 2
listener.127.23.1.1_443.downstream_cx_active: 5
listener.127.23.1.1_443.worker_0.downstream_cx_active: 5
listener.admin.downstream_cx_active: 1
listener.gatelab.ready.downstream_cx_active: 1
"""
    assert drain.busy(stats) == (5, 4), "three HTTP connections with two requests, and two of layer 4"
    assert drain.busy("") == (0, 0)
