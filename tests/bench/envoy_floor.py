"""Envoy's own part of route propagation: from a change that leaves a control plane to the first 200.

One Envoy, told by an xDS server of this script alone: hosts like those of `propagation`, encoded as gatelab does, sent
in three ways. `RDS`: the whole table again. `VHDS`: the one host, which Envoy adds to a table that it makes anew.
`scopes`: the one host, as a table of its own (SRDS), which is what gatelab does from 128 hosts on. Envoy's CPU time is
given too: it is less a matter of what else the machine does.
"""

import asyncio
import json
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource
from google.protobuf.any_pb2 import Any as AnyMessage

from bench.many_routes import KeepAlive, host
from gatelab.proxy import envoy_binary, model
from gatelab.proxy.bootstrap import bootstrap
from gatelab.proxy.command import envoy_arguments
from gatelab.proxy.resources import ENDPOINTS, HOST, ROUTE_TABLE, Encoder, encode_endpoints
from gatelab.proxy.resources.sources import over_ads

SIZES = (10, 1000, 3000)
SAMPLES = 30
ADDRESS = "127.23.8.1"
DEADLINE_S = 30.0
VHOST = "type.googleapis.com/envoy.config.route.v3.VirtualHost"
WAYS = ("RDS", "VHDS", "scopes")
_METHOD = ("envoy.service.discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources")

Bodies = Mapping[str, bytes]


def measure(runs: int) -> dict[str, Any]:
    """One pass for each way and size; `runs` has no meaning here."""
    found = {way: asyncio.run(_measured(way)) for way in WAYS}
    return {
        "samples": SAMPLES,
        "medians": {f"{way}, {size} hosts, ms": each["median_ms"] for way in WAYS for size, each in found[way].items()},
        "by_way_and_hosts": found,
    }


async def _measured(way: str) -> dict[int, dict[str, float]]:
    port = _free_port()
    encoder = Encoder(many_hosts=1 if way == "scopes" else 1_000_000)
    told = _Told(way, encoder, port)
    found = {}
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        async with told.serving(Path(folder)), _envoy(Path(folder)) as pid:
            gateway = KeepAlive(ADDRESS, port)
            await _until_served(gateway, 0)
            for size in SIZES:
                await told.add(size - told.count)
                await _until_served(gateway, told.count - 1)
                found[size] = await _samples(told, gateway, pid)
    return found


async def _samples(told: "_Told", gateway: KeepAlive, pid: int) -> dict[str, float]:
    taken, used = [], []
    for _ in range(SAMPLES):
        await asyncio.sleep(0.02)
        cpu_s, begun = _cpu_s(pid), time.perf_counter()
        await told.add(1)
        await _until_served(gateway, told.count - 1)
        taken.append((time.perf_counter() - begun) * 1e3)
        used.append((_cpu_s(pid) - cpu_s) * 1e3)
    return {
        "median_ms": round(statistics.median(taken), 2),
        "min_ms": round(min(taken), 2),
        "max_ms": round(max(taken), 2),
        "envoy_cpu_median_ms": round(statistics.median(used), 2),
        "bytes": told.bytes,
    }


class _Told:
    """What Envoy is told, and the server that tells it."""

    def __init__(self, way: str, encoder: Encoder, port: int) -> None:
        self.count = 0
        self.bytes = 0
        self._way, self._encoder, self._port = way, encoder, port
        self._out: asyncio.Queue[tuple[str, Bodies]] = asyncio.Queue()
        self._hosts: list[model.VirtualHost] = []
        self._sent: dict[str, bytes] = {}
        self._grow(1)

    async def add(self, count: int) -> None:
        """That many hosts more."""
        if count > 0:
            await self._out.put(self._grow(count))

    def _grow(self, count: int) -> tuple[str, Bodies]:
        self._hosts += (_host(number) for number in range(self.count, self.count + count))
        self.count += count
        self._resources = {
            type_url: {each.name: each.body for each in named.values()} for type_url, named in self._all()
        }
        type_url = {"RDS": ROUTE_TABLE, "VHDS": VHOST, "scopes": HOST}[self._way]
        bodies = self._virtual_hosts() if self._way == "VHDS" else self._resources[type_url]
        new = {name: body for name, body in bodies.items() if self._sent.get(name) != body}
        self._sent.update(new)
        return type_url, new

    def _all(self) -> Iterator[tuple[str, Any]]:
        listener = model.Listener("l", ADDRESS, self._port, (model.HttpChain("c", "t"),))
        config = model.ProxyConfig(
            (listener,), (model.RouteTable("t", tuple(self._hosts)),), (model.Backend("none", "http1"),)
        )
        yield from self._encoder.encode(config).items()

    def _virtual_hosts(self) -> Bodies:
        table = RouteConfiguration.FromString(self._resources[ROUTE_TABLE]["t"])
        return {f"t/{each.name}": each.SerializeToString() for each in table.virtual_hosts}

    def _first(self, type_url: str) -> Bodies:
        """The answer to Envoy's first question for a type."""
        if type_url == ROUTE_TABLE and self._way == "VHDS":
            return {"t": RouteConfiguration(name="t", vhds={"config_source": over_ads()}).SerializeToString()}
        if type_url == ENDPOINTS:
            return {"none": encode_endpoints("none", ()).body}
        return self._sent if type_url in (VHOST, HOST) else self._resources.get(type_url, {})

    @asynccontextmanager
    async def serving(self, folder: Path) -> AsyncIterator[None]:
        server = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=DeltaDiscoveryRequest.FromString,
            response_serializer=DeltaDiscoveryResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_METHOD[0], {_METHOD[1]: handler}),))
        server.add_insecure_port(f"unix:{folder}/xds.sock")
        await server.start()
        yield
        await server.stop(None)

    async def _stream(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Any) -> None:
        async def read() -> None:
            asked = set()
            async for request in requests:
                if request.HasField("error_detail"):
                    raise RuntimeError(request.error_detail.message)
                if request.type_url not in asked:
                    asked.add(request.type_url)
                    await self._out.put((request.type_url, self._first(request.type_url)))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read())
            nonce = 0
            while True:
                type_url, bodies = await self._out.get()
                nonce += 1
                self.bytes = sum(map(len, bodies.values()))
                await context.write(_response(type_url, bodies, str(nonce)))


def _response(type_url: str, bodies: Bodies, nonce: str) -> DeltaDiscoveryResponse:
    resources = (
        Resource(name=name, version=nonce, resource=AnyMessage(type_url=type_url, value=body))
        for name, body in bodies.items()
    )
    return DeltaDiscoveryResponse(type_url=type_url, nonce=nonce, resources=resources)


def _host(number: int) -> model.VirtualHost:
    """As `probe_route` becomes; the path answers by itself, so that no backend is needed."""
    changes = model.HeaderChanges(set=(("x-set", "1"),), add=(("x-add", "2"),), remove=("x-gone",))
    name = f"HTTPRoute/many/route-{number}"
    answer = model.Forward((model.WeightedBackend(None),), failure_status=200)
    return model.VirtualHost(
        host(number),
        (host(number),),
        (
            model.Route(
                f"{name}/rule-0/match-0",
                model.RouteMatch(model.PathMatch("prefix", f"/{number}")),
                answer,
                changes,
                changes,
            ),
            model.Route(
                f"{name}/rule-0/match-1",
                model.RouteMatch(model.PathMatch("prefix", "/b")),
                model.Forward((model.WeightedBackend("none"),)),
                changes,
                changes,
            ),
            model.Route(f"{name}/rule-1/match-0", model.RouteMatch(), model.Forward((model.WeightedBackend(None),))),
        ),
    )


@asynccontextmanager
async def _envoy(folder: Path) -> AsyncIterator[int]:
    sockets = {"xds_socket": f"{folder}/xds.sock", "admin_socket": f"{folder}/admin.sock"}
    config = json.dumps(bootstrap(proxy="floor", node_id="floor", ready=None, **sockets))
    arguments = envoy_arguments(config_yaml=config, concurrency=1, drain_time_s=1)
    process = await asyncio.create_subprocess_exec(envoy_binary(), *arguments)
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def _until_served(gateway: KeepAlive, number: int) -> None:
    end = time.perf_counter() + DEADLINE_S
    while time.perf_counter() < end:
        try:
            if await asyncio.to_thread(gateway.status, host(number), f"/{number}") == 200:
                return
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.001)
    raise AssertionError(f"host {number} is not served after {DEADLINE_S} s")


def _cpu_s(pid: int) -> float:
    """Of all its threads, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        return int(free.getsockname()[1])
