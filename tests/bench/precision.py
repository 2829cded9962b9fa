"""What an instrument adds to the latency that it measures: 1,000 calls/s on a server that takes 1 ms.

The truth is a probe in C (tests/bench/native/probe.c). The instruments and it take turns on the same hello, over 5
connections, client and server each on a core of its own. Percentiles are of the service time, from the send to the
answer; ours of the response time, from the intended instant, are beside them. Goals: the median p50 within 0.05 ms of
the probe's, the median p99 within 0.25 ms.
"""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import native_programs
from bench.cores import one_core_each
from bench.hello import HOST, Server
from bench.instrument_runs import INSTRUMENTS, METHOD, Instrument, Load, Seen, peer_versions, present, request
from bench.instruments import Values, added, turned

RATE = 1000
SECONDS = 4.0
DELAY_MS = 1
GOALS_MS = {"p50": 0.05, "p99": 0.25}


def measure(runs: int) -> dict[str, Any]:
    if not native_programs.built("probe"):
        return {"medians": {}, "skipped": native_programs.MISSING}
    found, missing = present()
    instruments: dict[str, Instrument] = {"probe": probe, **found}
    values: Values = {}
    server = Server()
    try:
        with tempfile.TemporaryDirectory(prefix="gl-") as folder, one_core_each(server.process.pid) as placed:
            load = Load(server.port, HOST, Path(folder), rate=RATE, seconds=SECONDS, delay_ms=DELAY_MS, exact=True)
            for turn in range(runs):
                for name in turned(instruments, turn):
                    added(values, name, instruments[name](load).percentiles_ms)
    finally:
        server.stop()
    medians = {name: {key: round(statistics.median(each), 3) for key, each in v.items()} for name, v in values.items()}
    beyond = _beyond_the_probe(medians)
    _print(medians, beyond)
    return {
        "rate": RATE,
        "seconds": SECONDS,
        "server_takes_ms": DELAY_MS,
        "placed": placed,
        "peers": peer_versions(),
        **({"missing": missing} if missing else {}),
        "medians": medians,
        "beyond_the_probe_ms": beyond,
        "goals_ms": GOALS_MS,
        "goals_missed": [key for key, goal in GOALS_MS.items() if abs(beyond["gatelab"][key]) > goal],
        "values": values,
    }


def probe(load: Load) -> Seen:
    """The C program, as one more instrument."""
    shape = [str(load.rate), f"{load.seconds:g}", str(load.connections)]
    command = [native_programs.built("probe"), load.host, str(load.port), f"/{METHOD}", request(load).hex(), *shape]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    report = json.loads(done.stdout)
    times = {key: report[f"{key}_us"] / 1e3 for key in ("p50", "p99", "late_p99")}
    return Seen(report["answered"], load.rate, 0.0, times)


def _beyond_the_probe(medians: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    truth = medians["probe"]
    return {
        name: {key: round(each[key] - truth[key], 3) for key in GOALS_MS}
        for name, each in medians.items()
        if name in INSTRUMENTS
    }


def _print(medians: Mapping[str, Mapping[str, float]], beyond: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'ms':12}{'p50':>9}{'p99':>9}{'p50 beyond':>12}{'p99 beyond':>12}")
    for name, each in medians.items():
        more = beyond.get(name, {})
        print(f"{name:12}{each['p50']:9.3f}{each['p99']:9.3f}" + "".join(f"{value:+12.3f}" for value in more.values()))
    print("goals: p50 within 0.05 ms of the probe's, p99 within 0.25 ms")
