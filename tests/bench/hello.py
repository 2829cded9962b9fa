"""CPU and latency of the load engine and of the hello image, each side by itself.

`srv_us` and `cli_us` are CPU microseconds (user + system) for one call on either side; `start_ms` is from exec to
listening. Both sides share the machine's cores.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gatelab.grpc_wire.protowire import chunk, number
from gatelab.load import LoadPlan, LoadResult, run_blocking

SECONDS = 2.0
HOST = "127.27.8.1"
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """The hello image on an ephemeral port."""

    def __init__(self) -> None:
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gatelab.backends.hello"],
            env={**os.environ, "GATELAB_POD_IP": HOST, "HELLO_GRPC_PORT": "0", "HELLO_GRPC_REQUEST_DELAY": "0"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.port = int(self.process.stderr.readline().rpartition(":")[2])
        self.start_ms = (time.perf_counter() - begun) * 1000

    def cpu_s(self) -> float:
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def memory_mb(self) -> dict[str, float]:
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
        return {"rss": round(sizes["Rss"], 1), "pss": round(sizes["Pss"], 1)}

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()


def own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measured(server: Server, seconds: float, **plan: Any) -> dict[str, Any]:
    """One run after a short warm-up on connections of its own."""
    delay_ms = plan.pop("delay_ms", 0)
    common: dict[str, Any] = {
        "host": HOST,
        "port": server.port,
        "path": "/greetings.GreetMe/Send",
        "message": chunk(1, "Bittrance") + number(3, delay_ms),
        **plan,
    }
    run_blocking(LoadPlan(duration_s=0.2, **common))
    mine, its = own_cpu_s(), server.cpu_s()
    result = run_blocking(LoadPlan(duration_s=seconds, **common))
    return figures(result, own_cpu_s() - mine, server.cpu_s() - its)


def figures(result: LoadResult, client_s: float, server_s: float) -> dict[str, Any]:
    service, response = result.service.percentiles((50, 90, 99)), result.response.percentiles((50, 90, 99))
    return {
        "rps": round(result.rps),
        "cli_us": round(client_s / result.count * 1e6, 1),
        "srv_us": round(server_s / result.count * 1e6, 1),
        **{f"service_p{p}_ms": round(ns / 1e6, 3) for p, ns in zip((50, 90, 99), service, strict=True)},
        **{f"response_p{p}_ms": round(ns / 1e6, 3) for p, ns in zip((50, 90, 99), response, strict=True)},
        "late_p99_ms": round(result.lateness.percentile(99) / 1e6, 3),
        "min_ms": round(result.service.min_ns / 1e6, 3),
        "errors": result.errors,
    }


def median_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


CASES: dict[str, dict[str, Any]] = {
    "closed 1/1": {"connections": 1, "concurrency": 1},
    "closed 1/10": {"connections": 1, "concurrency": 10},
    "closed 5/50": {"connections": 5, "concurrency": 50},
    "open 100/s delay 1 ms": {"rps": 100, "delay_ms": 1},
    "open 1000/s delay 1 ms": {"rps": 1000, "delay_ms": 1},
    "open 5000/s": {"rps": 5000},
}


def measure(runs: int) -> dict[str, Any]:
    starts = []
    for _ in range(runs):
        server = Server()
        starts.append(server.start_ms)
        server.stop()
    server = Server()
    try:
        idle = server.memory_mb()
        cases = {
            name: median_of([measured(server, SECONDS, **case) for _ in range(runs)]) for name, case in CASES.items()
        }
        memory = {"idle": idle, "after": server.memory_mb()}
    finally:
        server.stop()
    return {
        "seconds": SECONDS,
        "medians": {
            "start_ms": round(statistics.median(starts), 1),
            "memory_rss_mb": memory["after"]["rss"],
            "cpu_us_per_call_5_connections_50_in_flight": cases["closed 5/50"]["srv_us"],
            "p50_ms_of_1_ms_at_1000_per_s": cases["open 1000/s delay 1 ms"]["service_p50_ms"],
        },
        "memory_mb": memory,
        "cases": cases,
    }
