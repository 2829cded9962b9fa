"""The report that is kept in docs/conformance, and what it was made with."""

import json
import shutil
import subprocess
from pathlib import Path

import gatelab
from bench.machine import machine, versions
from running_lab import ROOT

FOLDER = ROOT / "docs" / "conformance"
MADE_WITH = FOLDER / "made-with.json"


def report() -> Path:
    """The report's file, named as upstream wants it: channel, version, mode."""
    return FOLDER / f"experimental-v{gatelab.__version__}-default-report.yaml"


def publish(made: Path, seconds: float) -> None:
    """Takes a report as it is, for upstream wants none that was edited, and says which commit it is of."""
    facts = {
        "commit": _said("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "go": _said("go", "env", "GOVERSION"),
        "seconds": round(seconds),
        "versions": versions(),
        "machine": machine(),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*-report.yaml"):
        old.unlink()
    shutil.copy(made, report())
    report().chmod(0o644)
    MADE_WITH.write_text(json.dumps(facts, indent=2) + "\n")


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
