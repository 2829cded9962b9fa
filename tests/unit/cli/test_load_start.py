"""What the start of a load run must not cost: what only some runs need is loaded by those."""

import subprocess
import sys


def test_a_run_loads_nothing_for_options_that_were_not_given() -> None:
    code = "import sys, gatelab.cli.load.command, gatelab.cli.load.run; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    loaded = set(run.stdout.split())
    ours = ("call.reflection", "cli.load.debug", "cli.load.expectations", "cli.load.html", "cli.load.recipe")
    assert not {f"gatelab.{name}" for name in (*ours, "spread.equivalence", "experiment.expression")} & loaded
    assert not {"tomllib", "yaml", "statistics", "grpc", "rich", "lightkube"} & loaded
