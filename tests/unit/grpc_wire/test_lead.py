"""The lead settles where most wake-ups are early enough, and stays within its bound."""

import random

from gatelab.grpc_wire.lead import LONGEST_LEAD_NS, Lead


def settled(late_ns: list[int]) -> Lead:
    lead = Lead()
    for each in late_ns:
        lead.learn(each)
    return lead


def test_it_settles_where_four_of_five_wake_ups_are_early_enough() -> None:
    generator = random.Random(3)
    lead = settled([generator.randrange(0, 100_000) for _ in range(5_000)])
    assert 65_000 < lead.ns < 95_000


def test_a_machine_that_wakes_at_once_needs_none() -> None:
    assert settled([500] * 100).ns <= 8_000


def test_a_machine_that_is_always_late_is_not_waited_for_longer_than_the_bound() -> None:
    assert settled([10_000_000] * 100).ns == LONGEST_LEAD_NS
