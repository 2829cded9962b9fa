"""Networks of pods: which range is free, who gets one, and when it is made."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.pods import Pod
from gatelab.node.keeper.client import NetworkMade, OnNetwork, Port, SpawnFailed, Uplink
from gatelab.node.network.pod_networks import NetworkNotMade, PodNetworks, shares_machine
from gatelab.node.network.ranges import free_octets, local_networks

MakePod = Callable[..., Pod]
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000410A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
gatelab66\t0000420A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
tun1\t0500430A\t00000000\t0001\t0\t0\t0\tFFFFFFFF\t0\t0\t0
"""


class FakeKeeper:
    """Answers as it is told; the real one is in test_keeper_namespaces."""

    def __init__(self, *answers: NetworkMade | SpawnFailed) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Uplink | Port | None]] = []
        self.dropped: list[str] = []

    def make_network(self, name: str, on_made: OnNetwork, place: Uplink | Port | None = None) -> None:
        self.asked.append((name, place))
        asyncio.get_running_loop().call_soon(on_made, self.answers.pop(0))

    def drop_network(self, name: str) -> None:
        self.dropped.append(name)


def networks(keeper: Any) -> PodNetworks:
    return PodNetworks(keeper, "10.70.0.1")


def test_a_range_into_which_a_route_leads_is_not_taken(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES)
    assert free_octets(range(64, 69), table) == [64, 66, 68]
    assert free_octets(range(64, 66), tmp_path / "none") == [64, 65]


def test_what_is_the_machines_own_is_what_pods_with_a_network_do_not_have() -> None:
    plan = AddressRange(70, network=10)
    assert local_networks(plan) == ("10.70.32.0/19", "10.70.64.0/18", "10.70.128.0/18")


def test_data_planes_of_gateways_and_pods_that_ask_for_it_share_the_machines_network(make_pod: MakePod) -> None:
    assert not shares_machine(make_pod())
    assert shares_machine(make_pod(hostNetwork=True))


async def test_the_containers_of_a_pod_share_one_network() -> None:
    keeper = FakeKeeper(NetworkMade("/x"))
    made = networks(keeper)
    both = await asyncio.gather(made.of("a", "10.70.1.7"), made.of("a", "10.70.1.7"))
    assert set(both) == {"a"}
    assert keeper.asked == [("a", Port("switch", "pod1.7", "10.70.1.7", 16, "10.70.0.1"))]
    made.drop("a")
    made.drop("a")
    assert keeper.dropped == ["a"]


async def test_what_failed_is_said_and_tried_again() -> None:
    keeper = FakeKeeper(SpawnFailed(1, "link eth0: no"), NetworkMade("/x"))
    made = networks(keeper)
    with pytest.raises(NetworkNotMade, match="the pod's network was not made: link eth0: no"):
        await made.of("a", "10.70.1.7")
    assert await made.of("a", "10.70.1.7") == "a"
