"""How long a command takes from its start to its end: `gatelab --help`, and `gatelab call` with its answer.

Beside them the interpreter alone (`python -c pass`), and grpcurl for the same call on the same plaintext hello. Wall
and CPU time; medians of ten times as many as `--runs`, in turns. Goals: 150 ms and 300 ms.
"""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.hello import HOST, Server
from bench.instrument_runs import METHOD, PROTO
from bench.instruments import Values, added
from go_programs import PEERS, built
from running_lab import GATELAB

TIMES = 10
GOALS_MS = {"gatelab --help": 150.0, "gatelab call": 300.0}


def measure(runs: int) -> dict[str, Any]:
    values: Values = {}
    server = Server()
    try:
        commands = _commands(f"{HOST}:{server.port}")
        for _ in range(TIMES * runs):
            for name, command in commands.items():
                added(values, name, _once(command))
    finally:
        server.stop()
    medians = {name: {key: round(statistics.median(each), 1) for key, each in v.items()} for name, v in values.items()}
    _print(medians)
    return {
        "peers": {"grpcurl": PEERS["grpcurl"].rpartition("@v")[2]} if "grpcurl" in commands else {},
        "medians": medians,
        "goals_ms": GOALS_MS,
        "goals_missed": [name for name, goal in GOALS_MS.items() if medians[name]["wall_ms"] > goal],
        "values": values,
    }


def _commands(target: str) -> dict[str, list[str]]:
    grpcurl = built("grpcurl")
    called = ["-plaintext", "-d", '{"name": "x"}']
    proto = ["-import-path", str(PROTO.parent), "-proto", PROTO.name]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "gatelab --help": [*GATELAB, "--help"],
        "gatelab call": [*GATELAB, "call", *called, *proto, target, METHOD],
        "gatelab call, reflection": [*GATELAB, "call", *called, target, METHOD],
        **({"grpcurl": [grpcurl, *called, *proto, target, METHOD]} if grpcurl else {}),
        **({"grpcurl, reflection": [grpcurl, *called, target, METHOD]} if grpcurl else {}),
    }


def _once(command: Sequence[str]) -> dict[str, float]:
    used_s, begun_s = _children_s(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return {"wall_ms": (time.perf_counter() - begun_s) * 1e3, "cpu_ms": (_children_s() - used_s) * 1e3}


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _print(medians: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'ms':26}{'wall':>8}{'cpu':>8}{'goal':>8}")
    for name, each in medians.items():
        goal = f"{GOALS_MS[name]:8.0f}" if name in GOALS_MS else ""
        print(f"{name:26}{each['wall_ms']:8.1f}{each['cpu_ms']:8.1f}{goal}")
