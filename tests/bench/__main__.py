"""`make bench`: measures what gatelab claims and keeps the results as JSON in docs/bench.

`PYTHONPATH=tests python -m bench [NAME …] [--runs N] [--minutes M]` runs the named measurements (all of them
otherwise), one after the other. Each is a module of this folder with a function `measure(runs) -> dict`. A result
carries the machine and the versions; medians are of `runs` repetitions, whose single values are kept beside them.
"""

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import comparison
from bench.machine import machine, versions

RESULTS = Path(__file__).parents[2] / "docs" / "bench"
INSTRUMENTS = ("start", "instruments", "precision", "frozen")
"""`call` and `load` beside their peers: eight minutes."""
MEASUREMENTS = ("demo", "spread", "idle", "hello", "peers", "api", "attached_routes", *INSTRUMENTS)
OPT_IN = ("soak", "soak_load", "envoy_floor", "propagation", "route_scale", "data_plane")
"""Too long for every run: measured when named."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = (*MEASUREMENTS, *OPT_IN)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME", help=", ".join(known))
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each measurement (default 5)")
    parser.add_argument("--minutes", type=float, help="how long a soak takes (default 20)")
    given = parser.parse_args(arguments)
    if given.minutes:
        os.environ["GATELAB_SOAK_MINUTES"] = str(given.minutes)
    # What was started is ended: a lab, and proxies in sessions of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in given.names or MEASUREMENTS:
        print(f"{name}: measuring …", file=sys.stderr, flush=True)
        result = importlib.import_module(f"bench.{name}").measure(given.runs)
        document = {"measurement": name, "runs": given.runs, **result, "machine": machine(), "versions": versions()}
        (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
        print(json.dumps({name: result.get("medians", result)}, indent=2))
    if set(given.names or MEASUREMENTS) & set(INSTRUMENTS):
        comparison.rewrite()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
