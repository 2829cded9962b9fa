"""Full collections look at what is new; everything is looked at when the process rests."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gatelab.reconcile.garbage import Garbage


class Cycle:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    gc.collect()
    made = Garbage()
    with made.set_aside():
        yield made
    assert gc.get_freeze_count() == 0


def test_what_a_full_collection_finds_alive_is_not_looked_at_again(garbage: Garbage) -> None:
    kept = [Cycle() for _ in range(1000)]
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(isinstance(each, Cycle) for each in gc.get_objects())


def test_new_garbage_is_found_at_once_and_old_when_the_process_rests(garbage: Garbage) -> None:
    old, new = Cycle(), Cycle()
    was_old, was_new = weakref.ref(old), weakref.ref(new)
    del new
    gc.collect()
    assert was_new() is None
    del old
    gc.collect()
    garbage.look(is_resting=False)
    assert was_old() is not None
    garbage.look(is_resting=True)
    assert was_old() is None


def test_without_a_rest_it_is_found_in_the_end(garbage: Garbage) -> None:
    old = Cycle()
    was_old = weakref.ref(old)
    gc.collect()
    del old
    for _ in range(300):
        gc.collect()
        garbage.look(is_resting=False)
    assert was_old() is None
