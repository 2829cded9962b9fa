"""Twenty minutes at 2,000 calls/s: does the generator's memory stay flat, and does it keep to its schedule? Opt-in.

`python -m bench soak_load`, with `--minutes 2` for a short one; `--runs` has no meaning here. The generator is a
process of its own (this module), whose memory is read every two seconds. Flat: the median of the last tenth is less
than 5 MB above that around minute 2. No drift: calls start less than 1 ms late at p99, and as many as were due.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import psutil

from bench.hello import HOST, Server
from gatelab.grpc_wire.protowire import chunk, number
from gatelab.load import LoadPlan, run_blocking

MINUTES = float(os.environ.get("GATELAB_SOAK_MINUTES", "20"))
RATE = 2000
SAMPLE_EVERY_S = 2.0
GROWTH_MB = 5.0
DRIFT_MS = 1.0


def measure(runs: int) -> dict[str, Any]:
    server = Server()
    try:
        command = [sys.executable, "-m", "bench.soak_load", str(server.port), str(MINUTES * 60)]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        memory = _sampled(load)
        report: dict[str, Any] = json.loads(load.communicate(timeout=60)[0])
    finally:
        server.stop()
    early = _around(memory, min(2.0, MINUTES / 4) / MINUTES)
    late = _around(memory, 0.95)
    medians = {
        "calls": report["count"],
        "errors": report["errors"],
        "not_started": report["unsent"],
        "memory_mb_at_minute_2": early,
        "memory_mb_at_the_end": late,
        "is_flat": late - early < GROWTH_MB,
        "late_p50_ms": report["late_p50_ms"],
        "late_p99_ms": report["late_p99_ms"],
        "drifts_less_than_1_ms": report["late_p99_ms"] < DRIFT_MS and report["unsent"] == 0,
    }
    return {"minutes": MINUTES, "rate": RATE, "medians": medians, "load": report, "memory_mb": memory}


def generate(port: int, seconds: float) -> dict[str, Any]:
    """The run itself."""
    message = chunk(1, "Bittrance") + number(3, 1)
    plan = LoadPlan(
        host=HOST,
        port=port,
        path="/greetings.GreetMe/Send",
        message=message,
        connections=5,
        concurrency=50,
        rps=RATE,
        duration_s=seconds,
    )
    result = run_blocking(plan)
    late, response = result.lateness.percentiles((50, 99, 99.9)), result.response.percentiles((50, 99, 99.9))
    return {
        "count": result.count,
        "errors": result.errors,
        "unsent": result.unsent,
        "elapsed_s": round(result.elapsed_s, 3),
        **{f"late_p{p:g}_ms": round(ns / 1e6, 3) for p, ns in zip((50, 99, 99.9), late, strict=True)},
        **{f"response_p{p:g}_ms": round(ns / 1e6, 3) for p, ns in zip((50, 99, 99.9), response, strict=True)},
        "cpu_s": round(time.process_time(), 1),
    }


def _sampled(load: "subprocess.Popen[str]") -> list[float]:
    """Resident memory in MB of the generator and of its children, until it ends."""
    samples: list[float] = []
    while True:
        try:
            load.wait(SAMPLE_EVERY_S)
        except subprocess.TimeoutExpired:
            first = psutil.Process(load.pid)
            every = [first, *first.children(recursive=True)]
            samples.append(round(sum(each.memory_info().rss for each in every) / 1e6, 2))
        else:
            return samples


def _around(samples: list[float], part: float) -> float:
    """The median of the tenth of the samples around this part of the run."""
    middle, half = round(part * len(samples)), max(1, len(samples) // 20)
    return round(statistics.median(samples[max(0, middle - half) : middle + half]), 1)


if __name__ == "__main__":
    print(json.dumps(generate(int(sys.argv[1]), float(sys.argv[2]))))
