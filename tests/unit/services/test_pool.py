"""Pools of addresses and ports."""

from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.objects import Key
from gatelab.services.pool import Pool

A, B = Key("n", "a"), Key("n", "b")


def test_what_one_holds_another_does_not_get() -> None:
    pool = Pool(range(1, 3))
    assert pool.allocate(A) == 1
    assert not pool.take(1, B)
    assert pool.take(1, A), "it has it already"
    assert pool.allocate(B) == 2
    assert pool.allocate(B) is None


def test_what_is_no_candidate_is_not_taken() -> None:
    pool = Pool(AddressRange(25).cluster_ips)
    assert not pool.take("10.0.0.1", A)
    assert not pool.take("", A)
    assert pool.take("127.25.64.9", A)


def test_what_was_freed_rests_unless_it_is_asked_for_or_nothing_else_is_left() -> None:
    now = 0.0
    pool = Pool(range(1, 4), rest_s=60, clock=lambda: now)
    for number in (1, 2, 3):
        assert pool.allocate(A) == number
    pool.release(2, A)
    now = 1.0
    pool.release(1, A)
    assert pool.allocate(B) == 2, "all that are free rest: the longest rested"
    assert pool.take(1, B), "asked for by name"
    pool.release(1, B)
    pool.release(3, A)
    now = 100.0
    assert pool.allocate(B) == 1, "the rest is over"


def test_only_the_holder_gives_back() -> None:
    pool = Pool(range(1, 2))
    pool.take(1, A)
    pool.release(1, B)
    assert pool.holder(1) == A


steps = st.lists(st.tuples(st.sampled_from(["allocate", "take", "release"]), st.integers(0, 2), st.integers(1, 4)))


@given(steps)
def test_nothing_is_ever_held_twice(taken: list[tuple[str, int, int]]) -> None:
    pool = Pool(range(1, 5))
    held: dict[int, Key] = {}
    for step, who, item in taken:
        key = Key("n", str(who))
        if step == "release":
            pool.release(item, key)
            if held.get(item) == key:
                del held[item]
            continue
        got = pool.allocate(key) if step == "allocate" else (item if pool.take(item, key) else None)
        if got is not None:
            assert held.setdefault(got, key) == key
        elif step == "allocate":
            assert len(held) == 4
