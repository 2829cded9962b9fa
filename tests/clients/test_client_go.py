"""client-go: a program of ours in Go, of the clients and informers that controllers are made of, on the API."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

import api_objects
import client_results
import go_programs
import killed_control_plane
from gatelab.kinds.builtin import DEPLOYMENT, POD
from gatelab.node.credentials import write_kubeconfig
from kubectl_objects import put
from running_api import kubectl_binaries, running_api

SOURCES = Path(__file__).parent / "informer"
CORE, GATEWAY_API = "/api/v1", "/apis/gateway.networking.k8s.io/v1"
WATCHED = {
    "configmaps": CORE,
    "pods": CORE,
    "services": CORE,
    "gateways": GATEWAY_API,
    "grpcroutes": GATEWAY_API,
    "httproutes": GATEWAY_API,
}
MODES = {"informers, list and watch": "false", "informers, streaming list": "true"}
"""The operation of the page, and the client-go feature WatchListClient."""

pytestmark = pytest.mark.timeout(go_programs.BUILD_TIMEOUT_S)


@pytest.fixture(scope="session")
def informer() -> Path:
    """The program. Go keeps what it compiled, so only the first build takes minutes."""
    binary = go_programs.built_from(SOURCES)
    if not binary:
        pytest.skip("Go is not installed, so the client-go program cannot be built")
    return Path(binary)


async def test_every_operation(informer: Path, tmp_path: Path, rewrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await _operations(informer, tmp_path)
    for mode, streaming in MODES.items():
        state = tmp_path / streaming
        monkeypatch.setenv("XDG_STATE_HOME", str(state))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(state / "run"))
        monkeypatch.setenv("KUBE_FEATURE_WatchListClient", streaming)
        await _informers(informer, streaming=streaming == "true")
        found[mode] = client_results.WORKS
    found["informers, control plane started again"] = client_results.WORKS
    (version,) = re.findall(r"^\tk8s.io/client-go v(\S+)$", (SOURCES / "go.mod").read_text(), flags=re.MULTILINE)
    client_results.keep_or_compare(client_results.Results("client-go", version, found), rewrite=rewrite)


async def _operations(informer: Path, folder: Path) -> dict[str, str]:
    async with running_api(folder, kubectl_binaries()["1.37"]) as api:
        await put(api.store, POD, api_objects.pod("p"))
        await put(api.store, DEPLOYMENT, api_objects.deployment("d"))
        process = await asyncio.create_subprocess_exec(
            informer, folder / "kubeconfig", "operations", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    assert [each for each in lines if "UNEXPECTED" in each["error"]] == []
    return {each["operation"]: each["error"] or client_results.WORKS for each in lines}


async def _informers(informer: Path, *, streaming: bool) -> None:
    """Caches hold what the API holds: at first, after changes, and after a control plane that was killed is back."""
    forking = killed_control_plane.context()
    place, settings, held = killed_control_plane.prepared("clients")
    write_kubeconfig(place, port=settings.api_port)
    with held:
        async with killed_control_plane.running(settings, forking) as api:
            await _create(api.client, "before", "changed")
            async with _watching(informer, place.kubeconfig) as program:
                await _state(program)
                requests = (await api.client.get("/metrics")).text
                assert ('verb="LIST"' in requests) is not streaming
                await _same(program, api.client)
                await _create(api.client, "after")
                patch = {"data": {"k": "w"}}
                merge = {"Content-Type": "application/merge-patch+json"}
                await api.client.patch(f"{_CONFIG_MAPS}/changed", json=patch, headers=merge)
                await api.client.delete(f"{_CONFIG_MAPS}/before")
                await _same(program, api.client)
                api.kill()
                async with killed_control_plane.running(settings, forking) as again:
                    await _create(again.client, "late")
                    await again.client.delete(f"{_CONFIG_MAPS}/changed")
                    told = await _same(program, again.client)
        assert {name: told["configmaps"][name] > 0 for name in ("added", "updated", "deleted")} == {
            "added": True,
            "updated": True,
            "deleted": True,
        }


_CONFIG_MAPS = f"{CORE}/namespaces/default/configmaps"


async def _create(client: httpx2.AsyncClient, *names: str) -> None:
    for name in names:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}}
        (await client.post(_CONFIG_MAPS, json=body)).raise_for_status()
        route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute", **api_objects.grpc_route(name)}
        (await client.post(f"{GATEWAY_API}/namespaces/default/grpcroutes", json=route)).raise_for_status()


@asynccontextmanager
async def _watching(informer: Path, kubeconfig: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program with its caches filled; it must end in order when its input does."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        informer, kubeconfig, "watch", stdin=pipe, stdout=pipe, env={**os.environ}
    )
    try:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(40):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _same(program: asyncio.subprocess.Process, client: httpx2.AsyncClient) -> dict[str, Any]:
    """Waits until the caches hold what the API lists, version by version; what the handlers were told until then."""
    wanted = {resource: await _versions(client, f"{api}/{resource}") for resource, api in WATCHED.items()}
    async with asyncio.timeout(30):
        while True:
            state = await _state(program)
            if state["objects"] == wanted:
                told: dict[str, Any] = state["told"]
                return told
            await asyncio.sleep(0.05)


async def _state(program: asyncio.subprocess.Process) -> dict[str, Any]:
    """What the program's caches hold, once all have been filled."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(b"state\n")
    state: dict[str, Any] = msgspec.json.decode(await program.stdout.readline())
    return state


async def _versions(client: httpx2.AsyncClient, path: str) -> dict[str, str]:
    items = (await client.get(path)).raise_for_status().json()["items"]
    names = [each["metadata"] for each in items]
    return {f"{each['namespace']}/{each['name']}": each["resourceVersion"] for each in names}
