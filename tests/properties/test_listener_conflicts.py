"""Conflicts of listeners, against the words of the spec taken one by one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gatelab.gateway.translate.listener_conflicts import conflicts
from gatelab.kinds.gatewayapi import Listener

listeners = st.builds(
    Listener,
    name=st.sampled_from(["a", "b", "c"]),
    port=st.sampled_from([80, 81]),
    protocol=st.sampled_from(["HTTP", "HTTP", "HTTPS", "TLS", "TCP", "UDP", "x.org/mine"]),
    hostname=st.sampled_from(["", "a.test", "A.test", "*.test"]),
)
owners_of_listeners = st.lists(st.lists(listeners, max_size=4), max_size=4)


def are_distinct(one: Listener, other: Listener) -> bool:
    """Whether a connection or request could be told to be one's or the other's."""
    protocols = {one.protocol, other.protocol}
    if one.port != other.port or "x.org/mine" in protocols:
        return True  # one that is not served takes nothing
    if "UDP" in protocols and protocols != {"UDP"}:
        return True
    if protocols <= {"HTTP"} or protocols <= {"HTTPS", "TLS"}:
        return one.hostname.lower() != other.hostname.lower()
    return False


@given(owners_of_listeners)
def test_the_owner_of_higher_precedence_wins_and_within_one_nobody(owners: Sequence[Sequence[Listener]]) -> None:
    claimed: list[Listener] = []
    for own, found in zip(owners, conflicts(owners), strict=True):
        left = [each for each in own if all(are_distinct(each, earlier) for earlier in claimed)]
        for listener, conflict in zip(own, found, strict=True):
            others = [each for each in left if each is not listener]
            is_lost = all(each is not listener for each in left)
            assert (conflict is not None) == (is_lost or not all(are_distinct(listener, each) for each in others))
        claimed += left


@given(st.lists(listeners, max_size=5))
def test_the_order_within_one_object_does_not_matter(own: list[Listener]) -> None:
    by_id = {id(each): found for each, found in zip(own, conflicts([own])[0], strict=True)}
    shuffled = list(reversed(own))
    after = {id(each): found for each, found in zip(shuffled, conflicts([shuffled])[0], strict=True)}
    assert {key: found is None for key, found in by_id.items()} == {key: found is None for key, found in after.items()}
