"""UDP and TCP on a loopback address, and the zones that follow the cluster."""

import asyncio
import socket
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from dns import asyncquery, message, rcode

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.dns import DnsController, ZoneData, serve_dns
from gatelab.kinds.builtin import ENDPOINT_SLICE, NAMESPACE, SERVICE
from gatelab.kinds.objects import Key
from gatelab.reconcile import Runtime
from gatelab.store import Store

HOST = "127.21.0.53"


async def test_udp_and_tcp_on_one_port(zone: ZoneData) -> None:
    async with asyncio.timeout(30), serve_dns(zone, HOST, 0) as (host, port):
        query = message.make_query("web.shop.test", "A")
        udp = await asyncquery.udp(query, host, port=port)
        tcp = await asyncquery.tcp(query, host, port=port)
        assert len(udp.answer[0]) == 2
        assert udp.answer == tcp.answer


async def test_one_connection_takes_many_queries_and_ends_at_nonsense(zone: ZoneData) -> None:
    async with asyncio.timeout(30), serve_dns(zone, HOST, 0) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        wire = message.make_query("web.shop.test", "A").to_wire()
        writer.write((len(wire).to_bytes(2, "big") + wire) * 3)
        for _ in range(3):
            response = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            assert message.from_wire(response).rcode() == rcode.NOERROR
        writer.write(b"\x00\x03abc")
        assert await reader.read() == b""
        writer.close()


async def test_open_connections_do_not_delay_the_end(zone: ZoneData) -> None:
    async with asyncio.timeout(30):
        async with serve_dns(zone, HOST, 0) as (host, port):
            reader, writer = await asyncio.open_connection(host, port)
            wire = message.make_query("web.shop.test", "A").to_wire()
            writer.write(len(wire).to_bytes(2, "big") + wire)
            await reader.readexactly(2)
        with suppress(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_garbage_does_not_stop_it(zone: ZoneData) -> None:
    async with asyncio.timeout(30), serve_dns(zone, HOST, 0) as (host, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for garbage in (b"", b"x", b"\xff" * 600, b"\x00" * 12):
                client.sendto(garbage, (host, port))
        response = await asyncquery.udp(message.make_query("web.shop.test", "A"), host, port=port)
        assert response.rcode() == rcode.NOERROR


async def test_a_taken_port_is_an_error(zone: ZoneData) -> None:
    async with asyncio.timeout(30), serve_dns(zone, HOST, 0) as (host, port), AsyncExitStack() as stack:
        with pytest.raises(OSError, match="in use"):
            await stack.enter_async_context(serve_dns(zone, host, port))


async def test_the_zones_follow_the_cluster() -> None:
    store = Store.open(None)
    cluster = EmbeddedCluster(store)
    await cluster.create(NAMESPACE, {"metadata": {"name": "shop"}})
    controller = DnsController()
    meta = {"name": "pods", "namespace": "shop"}
    labels = {"kubernetes.io/service-name": "pods"}
    await cluster.create(SERVICE, {"metadata": meta, "spec": {"clusterIP": "None"}})

    async def until(answers: list[str]) -> None:
        while True:
            response = await asyncquery.udp(message.make_query("pods.shop.svc.cluster.local", "A"), *where)
            if [str(each) for rrset in response.answer for each in rrset] == answers:
                return
            await asyncio.sleep(0.005)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks, serve_dns(controller.zone, HOST, 0) as address:
        where: Any = (address.host, 2.0, address.port)
        runtime = tasks.create_task(Runtime(cluster, [controller]).run())
        slice_ = {
            "metadata": {**meta, "name": "pods-x", "labels": labels},
            "endpoints": [{"addresses": ["127.21.1.1"]}],
        }
        await cluster.create(ENDPOINT_SLICE, slice_)
        await until(["127.21.1.1"])
        await cluster.patch(ENDPOINT_SLICE, Key("shop", "pods-x"), {"endpoints": [{"addresses": ["127.21.1.2"]}]})
        await until(["127.21.1.2"])
        await cluster.patch(SERVICE, Key("shop", "pods"), {"spec": {"ports": "nonsense"}})
        await until([])
        await cluster.patch(SERVICE, Key("shop", "pods"), {"spec": {"ports": None}})
        await until(["127.21.1.2"])
        await cluster.delete(SERVICE, Key("shop", "pods"))
        await until([])
        runtime.cancel()
    await store.close()
