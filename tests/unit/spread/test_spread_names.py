"""What a load run pays for: the indices, not the tests."""

import subprocess
import sys

import gatelab.spread as package


def test_names_are_loaded_when_asked_for() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert not hasattr(package, "Evenness")


def test_the_indices_need_no_tests() -> None:
    code = "import sys; from gatelab.spread import Spread, measure; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert not {"statistics", "gatelab.spread.equivalence", "gatelab.spread.weighted"} & set(run.stdout.split())
