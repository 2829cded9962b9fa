"""The address plan."""

import pytest

from gatelab.kinds.addresses import AddressRange


def test_the_blocks_lie_in_the_range_and_apart() -> None:
    plan = AddressRange(25)
    assert plan.node == "127.25.0.1"
    assert (plan.pods[0], str(plan.pods.last)) == ("127.25.1.1", "127.25.63.254")
    assert (plan.cluster_ips[0], str(plan.cluster_ips.last)) == ("127.25.64.1", "127.25.127.254")
    assert (plan.load_balancers[0], str(plan.load_balancers.last)) == ("127.25.128.1", "127.25.191.254")


def test_what_a_block_contains() -> None:
    block = AddressRange(25).cluster_ips
    assert "127.25.64.1" in block
    assert "127.25.128.1" not in block
    assert "127.26.64.1" not in block
    assert "None" not in block
    assert "" not in block
    assert None not in block


def test_past_the_end_there_is_no_address() -> None:
    block = AddressRange(25).pods
    assert block[len(block) - 1] == "127.25.63.254"
    with pytest.raises(IndexError):
        block[len(block)]


@pytest.mark.parametrize("octet", [0, 255, -1])
def test_an_octet_out_of_range_is_refused(octet: int) -> None:
    with pytest.raises(ValueError, match="octet"):
        AddressRange(octet)


def test_where_pods_have_networks_of_their_own_the_range_is_private() -> None:
    plan = AddressRange(70, network=10)
    assert (plan.node, str(plan)) == ("10.70.0.1", "10.70.0.0/16")
    assert (plan.isolated_pods[0], str(plan.isolated_pods.last)) == ("10.70.1.1", "10.70.31.254")
    assert (plan.host_pods[0], str(plan.host_pods.last)) == ("10.70.32.1", "10.70.63.254")
    assert all(address in plan.pods for address in (plan.isolated_pods[0], plan.host_pods[0]))
    with pytest.raises(ValueError, match="neither 127 nor 10"):
        AddressRange(70, network=192)
