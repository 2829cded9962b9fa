"""Whatever is applied, the API answers, statuses say what is the matter, and nobody else's requests are lost.

`make fuzz` applies 10,000 objects. GATELAB_TEST_SEED chooses others.
"""

import os
from pathlib import Path

import pytest

from absurd_values import Whim
from fuzz_profile import count
from running_lab import wait_until
from standing_faults import logged_faults, restarts, standing_in_envoys, unanswered
from wild_run import WildRun, wild_run

OBJECTS = count(200)
pytestmark = [pytest.mark.lab, pytest.mark.timeout(max(120, OBJECTS))]
SEED = int(os.environ.get("GATELAB_TEST_SEED", "1"))


def test_whatever_is_applied_costs_nobody_else_a_request(state_folder: Path) -> None:
    with wild_run(state_folder) as run:
        whim = Whim(SEED)
        for number in range(OBJECTS):
            run.step(whim)
            if number % 1000 == 999:
                check(run)
        check(run)
        assert run.codes[201] + run.codes[200] > 0.3 * run.codes.total(), run.codes


def check(run: WildRun) -> None:
    """Everything has been answered, nothing is standing, and nobody has been disturbed."""
    assert run.faults == []
    left: list[str] = []

    def is_answered() -> bool:
        left[:] = unanswered(run)
        return not left

    try:
        wait_until(is_answered, "every object is answered", timeout_s=30)
    except AssertionError:
        assert left == []
    for traffic in run.traffic:
        traffic.go_on()
    assert standing_in_envoys(run) == []
    assert restarts(run) == []
    assert logged_faults(run) == []
