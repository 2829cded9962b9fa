"""Addresses and ports of Services, on the embedded cluster."""

from typing import Any

from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.builtin import EVENT, SERVICE
from gatelab.kinds.objects import Key, Object
from gatelab.services import controllers
from small_cluster import World, small_cluster

RANGE = AddressRange(25)
PORTS = [{"port": 8080, "protocol": "TCP", "targetPort": "grpc"}]


async def create(world: World, name: str = "a", **spec: Any) -> Object:
    obj = {"metadata": {"name": name, "namespace": "n"}, "spec": {"ports": PORTS} | spec}
    return await world.cluster.create(SERVICE, obj)


def spec(world: World, name: str = "a") -> dict[str, Any]:
    return dict(world.state[SERVICE].get(Key("n", name), {}).get("spec", {}))


def ingress(world: World, name: str = "a") -> list[dict[str, Any]]:
    status = world.state[SERVICE].get(Key("n", name), {}).get("status", {})
    return list(status.get("loadBalancer", {}).get("ingress", []))


async def events(world: World) -> list[str]:
    await world.until(lambda: bool(world.all(EVENT)))
    return [each["message"] for each in world.all(EVENT)]


async def test_a_cluster_ip_service_gets_all_the_fields_of_kubernetes() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create(world)
        await world.until(lambda: "clusterIP" in spec(world))
        assert spec(world) == {
            "type": "ClusterIP",
            "clusterIP": "127.25.64.1",
            "clusterIPs": ["127.25.64.1"],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "ports": PORTS,
        }


async def test_every_service_gets_its_own() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        for number in range(20):
            await create(world, f"s{number}", type="LoadBalancer")
        await world.until(lambda: sum(bool(ingress(world, f"s{number}")) for number in range(20)) == 20)
        specs = [spec(world, f"s{number}") for number in range(20)]
        assert len({each["clusterIP"] for each in specs}) == 20
        assert len({each["ports"][0]["nodePort"] for each in specs}) == 20
        assert len({ingress(world, f"s{number}")[0]["ip"] for number in range(20)}) == 20
        assert all(ingress(world, f"s{number}")[0]["ip"] in RANGE.load_balancers for number in range(20))


async def test_what_is_asked_for_is_given() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        ports = [{**PORTS[0], "nodePort": 31234}]
        await create(world, type="LoadBalancer", clusterIP="127.25.65.7", loadBalancerIP="127.25.129.9", ports=ports)
        await create(world, "headless", clusterIP="None")
        await world.until(lambda: bool(ingress(world)) and "clusterIPs" in spec(world, "headless"))
        assert (spec(world)["clusterIP"], spec(world)["ports"][0]["nodePort"]) == ("127.25.65.7", 31234)
        assert ingress(world)[0]["ip"] == "127.25.129.9"
        assert spec(world, "headless")["clusterIPs"] == ["None"]


async def test_a_load_balancer_may_do_without_node_ports() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create(world, type="LoadBalancer", allocateLoadBalancerNodePorts=False)
        await world.until(lambda: bool(ingress(world)))
        assert "nodePort" not in spec(world)["ports"][0]


async def test_what_another_holds_or_lies_outside_is_told_and_given_when_it_is_free() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create(world, "first", type="LoadBalancer", loadBalancerIP="127.25.129.9")
        await world.until(lambda: bool(ingress(world, "first")))
        await create(world, "second", type="LoadBalancer", loadBalancerIP="127.25.129.9")
        (message,) = await events(world)
        assert message.startswith("spec.loadBalancerIP 127.25.129.9 is held by Service n/first")
        assert not ingress(world, "second")
        await world.cluster.patch(SERVICE, Key("n", "second"), {"spec": {"loadBalancerIP": "10.1.2.3"}})
        await world.until(lambda: len(world.all(EVENT)) == 2)
        assert any("10.1.2.3 is not in this lab's range 127.25.128.1-127.25.191.254" in m for m in await events(world))
        await world.cluster.delete(SERVICE, Key("n", "first"))
        await world.until(lambda: Key("n", "first") not in world.state[SERVICE])
        await world.cluster.patch(SERVICE, Key("n", "second"), {"spec": {"loadBalancerIP": "127.25.129.9"}})
        await world.until(lambda: bool(ingress(world, "second")))


async def test_a_change_of_type_gives_back_what_is_no_longer_due() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create(world, type="LoadBalancer")
        await world.until(lambda: bool(ingress(world)))
        port, address = spec(world)["ports"][0]["nodePort"], ingress(world)[0]["ip"]
        await world.cluster.patch(SERVICE, Key("n", "a"), {"spec": {"type": "ClusterIP"}})
        await world.until(lambda: not ingress(world) and "nodePort" not in spec(world)["ports"][0])
        assert spec(world).keys() & {"externalTrafficPolicy", "allocateLoadBalancerNodePorts"} == set()
        ports = [{**PORTS[0], "nodePort": port}]
        await create(world, "b", type="LoadBalancer", loadBalancerIP=address, ports=ports)
        await world.until(lambda: bool(ingress(world, "b")))
        assert spec(world, "b")["ports"][0]["nodePort"] == port
        await world.cluster.patch(SERVICE, Key("n", "a"), {"spec": {"type": "ExternalName", "externalName": "x.test"}})
        await world.until(lambda: "clusterIP" not in spec(world))


async def test_an_update_that_leaves_the_allocated_fields_out_keeps_them() -> None:
    async with small_cluster() as world, world.controlled(controllers(world.cluster, RANGE)):
        await create(world, type="NodePort")
        await world.until(lambda: "clusterIP" in spec(world))
        before = spec(world)
        bare = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"type": "NodePort", "ports": PORTS}}
        await world.cluster.update(SERVICE, bare)
        await world.until(lambda: spec(world) == before)


async def test_a_restart_reads_back_what_services_have() -> None:
    async with small_cluster() as world:
        async with world.controlled(controllers(world.cluster, RANGE)):
            await create(world, type="LoadBalancer")
            await world.until(lambda: bool(ingress(world)))
        before = world.get(SERVICE, "a")
        await create(world, "0-is-looked-at-first", type="LoadBalancer")
        async with world.controlled(controllers(world.cluster, RANGE)):
            await world.until(lambda: bool(ingress(world, "0-is-looked-at-first")))
        assert world.get(SERVICE, "a") == before, "nothing was written"
        other = spec(world, "0-is-looked-at-first")
        assert ingress(world) != ingress(world, "0-is-looked-at-first")
        assert spec(world)["clusterIP"] != other["clusterIP"]
        assert spec(world)["ports"][0]["nodePort"] != other["ports"][0]["nodePort"]
        assert not world.all(EVENT)


async def test_a_lab_that_comes_back_in_another_range_gives_new_addresses() -> None:
    async with small_cluster() as world:
        async with world.controlled(controllers(world.cluster, RANGE)):
            await create(world, type="LoadBalancer")
            await world.until(lambda: bool(ingress(world)))
        other = AddressRange(26)
        async with world.controlled(controllers(world.cluster, other)):
            await world.until(lambda: spec(world)["clusterIP"] in other.cluster_ips)
            await world.until(lambda: ingress(world)[0]["ip"] in other.load_balancers)
