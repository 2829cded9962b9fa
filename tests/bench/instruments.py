"""`gatelab load` beside ghz, k6 and h2load: CPU time of a call, and the rate of one core.

All in the same run against the same servers, in turns: a sink in C, which is not the limit, and our hello. Closed loop,
5 connections, 50 calls in flight (k6: 50 callers, with a connection each), client and server each on a core of its own.
`fixed` sends the same data each time, `templated` makes each request's own from a template. CPU time is that of the
client's process less that of a run of 50 calls, so the start does not count; it is beside it as `start_cpu_ms`.
"""

import statistics
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import native_programs
from bench.cores import one_core_each
from bench.hello import HOST, Server
from bench.instrument_runs import START_CALLS, Instrument, Load, peer_versions, present

SECONDS = 2.0
GOALS = {
    "cpu, gatelab : ghz": 0.2,
    "cpu, gatelab : k6": 0.2,
    "cpu, gatelab : h2load": 5.0,
    "rate, gatelab : h2load": 0.2,
    "rate, gatelab : ghz": 3.0,
    "rate, gatelab : k6": 3.0,
}
"""Against the sink, with fixed data. CPU: at most; rate: at least."""

Values = dict[str, dict[str, list[float]]]


def measure(runs: int) -> dict[str, Any]:
    if not native_programs.built("sink"):
        return {"medians": {}, "skipped": native_programs.MISSING}
    instruments, missing = present()
    values: Values = {}
    with tempfile.TemporaryDirectory(prefix="gl-") as folder, native_programs.sink(HOST) as (port, sink):
        hello = Server()
        try:
            cases = _cases(Path(folder), port, hello.port)
            with one_core_each(sink.pid, hello.process.pid) as placed:
                for turn in range(runs):
                    _round(instruments, cases, turn, values)
        finally:
            hello.stop()
    medians = {name: {key: round(statistics.median(each), 2) for key, each in v.items()} for name, v in values.items()}
    ratios = ratios_of(medians)
    _print(medians, ratios)
    return {
        "seconds": SECONDS,
        "placed": placed,
        "peers": peer_versions(),
        **({"missing": missing} if missing else {}),
        "medians": medians,
        "ratios": ratios,
        "goals_of_fixed_data_against_the_sink": GOALS,
        "goals_missed": [name for name in GOALS if not is_met(name, ratios)],
        "values": values,
    }


def _cases(folder: Path, sink: int, hello: int) -> dict[str, Load]:
    fixed = Load(host=HOST, port=sink, folder=folder, seconds=SECONDS)
    return {
        "sink fixed": fixed,
        "sink templated": replace(fixed, templated=True),
        "hello fixed": replace(fixed, port=hello),
    }


def _round(instruments: Mapping[str, Instrument], cases: Mapping[str, Load], turn: int, values: Values) -> None:
    """Each once, the first of them another one every time."""
    for name, run in instruments.items():
        added(values, name, {"start_cpu_ms": run(cases["sink fixed"].none).cpu_s * 1e3})
    # Of all turns so far: a start varies by more than a microsecond for each of the calls that are counted.
    start_s = {name: statistics.median(values[name]["start_cpu_ms"]) / 1e3 for name in instruments}
    for case, load in cases.items():
        for name in turned(instruments, turn):
            if name == "h2load" and load.templated:
                continue
            seen = instruments[name](load)
            cpu_us = (seen.cpu_s - start_s[name]) / (seen.count - START_CALLS) * 1e6
            added(values, name, {f"{case} cpu_us": cpu_us, f"{case} rps": seen.rps})


def turned(names: Iterable[str], turn: int) -> list[str]:
    """The names, beginning with another one at each turn."""
    every = list(names)
    turn %= len(every)
    return every[turn:] + every[:turn]


def added(values: Values, name: str, figures: Mapping[str, float]) -> None:
    """Keeps the figures of one run."""
    for key, value in figures.items():
        values.setdefault(name, {}).setdefault(key, []).append(round(value, 3))


def ratios_of(medians: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Of ours to each peer's, by what was measured."""
    ours = medians["gatelab"]
    return {
        key: {
            f"gatelab : {name}": round(ours[key] / theirs[key], 3)
            for name, theirs in medians.items()
            if name != "gatelab" and theirs.get(key)
        }
        for key in ours
    }


def is_met(goal: str, ratios: Mapping[str, Mapping[str, float]]) -> bool:
    """A goal whose peer is missing is not met."""
    what, _, pair = goal.partition(", ")
    found = ratios[f"sink fixed {'cpu_us' if what == 'cpu' else 'rps'}"].get(pair)
    if found is None:
        return False
    return found <= GOALS[goal] if what == "cpu" else found >= GOALS[goal]


def _print(medians: Mapping[str, Mapping[str, float]], ratios: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'':24}" + "".join(f"{name:>12}" for name in medians))
    for key in medians["gatelab"]:
        print(f"{key:24}" + "".join(f"{each.get(key, float('nan')):12.1f}" for each in medians.values()))
    for goal, limit in GOALS.items():
        what, _, pair = goal.partition(", ")
        found = ratios[f"sink fixed {'cpu_us' if what == 'cpu' else 'rps'}"].get(pair, float("nan"))
        print(f"{goal:24}{found:12.2f}   goal {'<=' if what == 'cpu' else '>='} {limit:g}")
