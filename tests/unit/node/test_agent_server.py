"""The agent's own answers: metrics and health on its socket, and through the API as nodes/proxy."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from asgi_requests import TOKEN, Requests
from exposition import problems, total
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import NODE
from gatelab.node.agent_server import serve_agent
from gatelab.node.meter import PodMeter, ProcessMeter
from gatelab.store import Store
from gatelab.telemetry.families import readings_of

PROXY = "/api/v1/nodes/gatelab/proxy"


@asynccontextmanager
async def agent(socket: Path, meter: PodMeter) -> AsyncIterator[None]:
    processes = ProcessMeter(dict, lambda: {"agent": 1}, ())
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        started = asyncio.Event()
        server = tasks.create_task(serve_agent(socket, lambda: readings_of([meter, processes]), started=started))
        await started.wait()
        yield
        server.cancel()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store.open(None)
    await store.create(NODE, {"metadata": {"name": "gatelab"}})
    yield store
    await store.close()


def requests(store: Store, socket: Path | None) -> Requests:
    hosts = frozenset({"127.0.0.1"})
    return Requests(create_app(store, token=TOKEN, hosts=hosts, logs=FakeLogs(), node_socket=socket))


async def test_metrics_of_the_agent_come_through_the_api(store: Store, tmp_path: Path) -> None:
    meter, socket = PodMeter(), tmp_path / "a.sock"
    meter.container_started(0)
    meter.container_started(1)
    meter.container_not_started("ErrImagePull")
    meter.pod_started(0.3)
    meter.probed("readiness", 0.01, succeeded=False)
    async with agent(socket, meter):
        answer = await requests(store, socket)("GET", f"{PROXY}/metrics")
    text = answer.body.decode()
    assert (answer.status, problems(text)) == (200, [])
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert total(text, "kubelet_started_containers_total") == 2
    assert total(text, "gatelab_container_restarts_total") == 1
    assert total(text, "kubelet_started_containers_errors_total", code="ErrImagePull") == 1
    assert total(text, "kubelet_pod_start_duration_seconds_count") == 1
    assert total(text, "prober_probe_total", probe_type="Readiness", result="failed") == 1
    assert total(text, "gatelab_process_resident_memory_bytes", process="agent") > 0


async def test_the_socket_is_for_its_owner_and_knows_little(store: Store, tmp_path: Path) -> None:
    socket = tmp_path / "a.sock"
    async with agent(socket, PodMeter()):
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        api = requests(store, socket)
        assert (await api("GET", f"{PROXY}/healthz")).body == b"ok"
        assert (await api("GET", f"{PROXY}/pods")).status == 404
        assert (await api("POST", f"{PROXY}/metrics")).status == 405
        reader, writer = await asyncio.open_unix_connection(str(socket))
        writer.write(b"not http\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        assert (await api("GET", f"{PROXY}/healthz")).status == 200, "what was not HTTP harmed nobody"
    assert not socket.exists()


async def test_who_cannot_be_reached_is_said(store: Store, tmp_path: Path) -> None:
    gone = await requests(store, tmp_path / "none.sock")("GET", f"{PROXY}/metrics")
    assert (gone.status, "the agent of node gatelab" in gone.message) == (503, True)
    assert (await requests(store, None)("GET", f"{PROXY}/metrics")).status == 503
    other = await requests(store, None)("GET", "/api/v1/nodes/other/proxy/metrics")
    assert (other.status, other.message) == (404, 'nodes "other" not found')
