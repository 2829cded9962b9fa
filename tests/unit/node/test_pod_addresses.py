"""Addresses of pods rest before they are given out again."""

import pytest

from gatelab.kinds.addresses import AddressRange
from gatelab.node.pods.addresses import AddressesExhausted, PodAddresses


def test_they_come_in_turn_from_the_labs_block() -> None:
    addresses = PodAddresses(AddressRange(26).pods)
    assert [addresses.take(0) for _ in range(3)] == ["127.26.1.1", "127.26.1.2", "127.26.1.3"]


def test_what_earlier_pods_have_is_not_given_out() -> None:
    addresses = PodAddresses(["a", "b", "c"])
    addresses.reserve(["a", "other", ""])
    assert addresses.holds("a")
    assert not addresses.holds("other")
    assert [addresses.take(0), addresses.take(0)] == ["b", "c"]


def test_a_freed_address_rests_and_the_longest_free_comes_first() -> None:
    addresses = PodAddresses(["a", "b", "c"], rest_s=30)
    for _ in range(3):
        addresses.take(0)
    addresses.free("b", 1)
    addresses.free("a", 2)
    with pytest.raises(AddressesExhausted):
        addresses.take(30.9)
    assert addresses.take(31) == "b"
    assert addresses.take(32) == "a"


def test_a_new_address_is_preferred_to_one_that_has_rested() -> None:
    addresses = PodAddresses(["a", "b"], rest_s=30)
    addresses.free(addresses.take(0), 0)
    assert addresses.take(100) == "b"
