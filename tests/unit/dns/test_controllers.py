"""Names that follow the pods of a headless Service, with the controllers that bring them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from dns import message, rdatatype

from gatelab.dns import DnsController, PodDnsController, ZoneData, answer
from gatelab.dns.zone import Records
from gatelab.kinds.builtin import ENDPOINT_SLICE, POD, SERVICE, STATEFUL_SET
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.objects import Key
from gatelab.reconcile import Controller
from gatelab.services.endpoint_slices import EndpointSliceController
from gatelab.workloads import controllers
from small_cluster import World, small_cluster, template_of

ZONE = "web.n.svc.cluster.local"


class TellingZone(ZoneData):
    """Wakes those who wait for a change of it."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def put(self, owner: Key, records: Records) -> None:
        super().put(owner, records)
        self.changed.set()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not claim():
                self.changed.clear()
                await self.changed.wait()


def asked(zone: ZoneData, name: str, type_: str = "A") -> list[str]:
    response = answer(message.make_query(name, type_).to_wire(), zone, "tcp")
    assert response is not None
    wanted = rdatatype.from_text(type_)
    return sorted(str(each) for rrset in message.from_wire(response).answer if rrset.rdtype == wanted for each in rrset)


@asynccontextmanager
async def named_world() -> AsyncIterator[tuple[World, TellingZone]]:
    async with small_cluster() as world:
        dns, cluster = DnsController(), world.cluster
        zone = dns.zone = TellingZone()
        named: list[Controller] = [dns, PodDnsController(zone), EndpointSliceController(cluster)]
        async with world.controlled([*named, *controllers(cluster)]):
            yield world, zone


async def create_service(world: World, **spec: Any) -> None:
    ports = [{"name": "grpc", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    fields = {"clusterIP": "None", "ports": ports, "selector": {"app": "web"}, **spec}
    await world.cluster.create(SERVICE, {"metadata": {"name": "web", "namespace": "n"}, "spec": fields})


async def create_set(world: World, image: str = "one") -> None:
    spec = {
        "replicas": 2,
        "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template_of("web", image),
        "podManagementPolicy": "Parallel",
    }
    obj = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "n"},
        "spec": spec,
    }
    await world.cluster.create(STATEFUL_SET, with_defaults(STATEFUL_SET, obj))


def ready_endpoints(world: World) -> int:
    endpoints = [each for slice_ in world.all(ENDPOINT_SLICE) for each in slice_["endpoints"]]
    return sum(each["conditions"]["ready"] for each in endpoints)


def address(world: World, name: str) -> str:
    return str(world.get(POD, name)["status"]["podIP"])


async def test_each_pod_of_a_set_has_a_name() -> None:
    async with named_world() as (world, zone):
        await create_service(world)
        await create_set(world)
        await zone.until(lambda: len(asked(zone, ZONE)) == 2)
        first, second = address(world, "web-0"), address(world, "web-1")
        assert asked(zone, ZONE) == sorted([first, second])
        assert asked(zone, f"web-1.{ZONE}") == [second]
        ports = [f"0 100 8080 web-{each}.{ZONE}." for each in range(2)]
        assert asked(zone, f"_grpc._tcp.{ZONE}", "SRV") == ports
        dashed = first.replace(".", "-")
        assert asked(zone, f"{dashed}.n.pod.cluster.local") == [first]
        reverse = ".".join(reversed(first.split(".")))
        assert asked(zone, f"{reverse}.in-addr.arpa", "PTR") == [f"web-0.{ZONE}."]


async def test_a_pod_that_is_not_ready_has_none_unless_it_is_published() -> None:
    async with named_world() as (world, zone):
        await create_service(world)
        await create_set(world, "never-ready")
        await world.until(lambda: bool(world.all(ENDPOINT_SLICE)) and len(world.all(POD)) == 2)
        await world.kubelet.set_ready(Key("n", "web-0"), True)
        await world.until(lambda: ready_endpoints(world) == 1)
        await zone.until(lambda: len(asked(zone, ZONE)) == 1)
        assert asked(zone, f"web-1.{ZONE}") == []
        await world.cluster.patch(SERVICE, Key("n", "web"), {"spec": {"publishNotReadyAddresses": True}})
        await world.until(lambda: ready_endpoints(world) == 2)
        await zone.until(lambda: len(asked(zone, ZONE)) == 2)


async def test_a_service_without_selector_has_the_endpoints_that_its_author_wrote() -> None:
    async with named_world() as (world, zone):
        await create_service(world, selector=None)
        endpoint = {"addresses": ["127.25.9.9"], "hostname": "db", "conditions": {"ready": True}}
        slice_ = {
            "metadata": {"name": "mine", "namespace": "n", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "endpoints": [endpoint],
            "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}],
        }
        await world.cluster.create(ENDPOINT_SLICE, slice_)
        await zone.until(lambda: asked(zone, f"db.{ZONE}") == ["127.25.9.9"])
        assert asked(zone, f"_sql._tcp.{ZONE}", "SRV") == [f"0 100 5432 db.{ZONE}."]
        assert len(world.all(ENDPOINT_SLICE)) == 1
