"""Route propagation, as gateway-api-bench's Route Probe has it: 3,000 routes, one after another.

From the API's answer to the create to the first 200 of the Gateway; 404 is asked again after a pause, and any other
answer before the first 200 is an error. The pause is 1 ms, not 5 as there: the figures are finer, and not lower.
GATELAB_BENCH_ROUTES shortens it. The floor, Envoy's own, is `envoy_floor`.
"""

import os
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.api import Client
from bench.many_routes import ROUTES, KeepAlive, host, probe_route, routed_lab, usage

COUNT = int(os.environ.get("GATELAB_BENCH_ROUTES", "3000"))
PAUSE_S = 0.001
DEADLINE_S = 30.0
PUBLISHED = {
    "source": "howardjohn/gateway-api-bench, Route Probe of 3,000 routes, 16 cores; mean, max in ms; errors",
    "agentgateway": [16.6, 74.6, 0],
    "Kgateway 2.0.1 (Envoy)": [75, 237, 0],
    "Istio 1.27.1 (Envoy)": [221, 1240, 0],
    "Envoy Gateway 1.5.3": [320, 1210, 14808],
    "NGINX Gateway Fabric 2.1.4": [508, 919, 0],
}


def measure(runs: int) -> dict[str, Any]:
    """One pass: it has 3,000 samples."""
    with routed_lab() as (lab, address):
        client, gateway = Client(lab), KeepAlive(address)
        watched, begun = usage(lab), time.perf_counter()
        latencies, wrong = [], 0
        for number in range(COUNT):
            client("POST", ROUTES, probe_route(number))
            taken, errors = _until_served(gateway, number)
            latencies.append(taken)
            wrong += errors
        seconds = time.perf_counter() - begun
        cores, memory = watched.cores(seconds), watched.memory_mb()
    return {
        "routes": COUNT,
        "medians": {
            "mean_ms": round(statistics.mean(latencies), 2),
            "p50_ms": round(statistics.median(latencies), 2),
            "p99_ms": round(statistics.quantiles(latencies, n=100)[98], 2),
            "max_ms": round(max(latencies), 2),
            "answers_other_than_404_before_the_first_200": wrong,
            "total_s": round(seconds, 1),
        },
        "mean_ms_of_each_tenth": _of_each_tenth(latencies),
        "mean_cores": cores,
        "memory_pss_mb_at_the_end": memory,
        "published_by_peers": PUBLISHED,
    }


def _until_served(gateway: KeepAlive, number: int) -> tuple[float, int]:
    """Milliseconds until the first 200, and wrong answers before it."""
    begun, wrong = time.perf_counter(), 0
    while time.perf_counter() < begun + DEADLINE_S:
        status = gateway.status(host(number), f"/{number}")
        if status == 200:
            return (time.perf_counter() - begun) * 1e3, wrong
        if status != 404:
            wrong += 1
        time.sleep(PAUSE_S)
    raise AssertionError(f"route {number} is not served after {DEADLINE_S} s")


def _of_each_tenth(latencies: Sequence[float]) -> list[float]:
    size = max(1, len(latencies) // 10)
    return [round(statistics.mean(latencies[at : at + size]), 2) for at in range(0, len(latencies), size)]
