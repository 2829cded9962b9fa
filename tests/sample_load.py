"""The JSON of a load run, made of fixed figures."""

from typing import Any


def sample_document(**changes: Any) -> dict[str, Any]:
    latencies = [{"percentage": p, "latency": ns} for p, ns in ((50, 2_000_000), (99, 3_000_000), (99.99, 90_000_000))]
    fields = {
        "date": "2026-05-04T03:02:01.000+00:00",
        "options": {"call": "greetings.GreetMe/Send", "host": "127.0.0.1:1"},
        "count": 100,
        "total": 1_000_000_000,
        "average": 2_000_000,
        "fastest": 1_000_000,
        "slowest": 90_000_000,
        "rps": 100.0,
        "errors": 0,
        "errorDistribution": {},
        "statusCodeDistribution": {"OK": 100},
        "latencyDistribution": latencies,
        "responseTimeDistribution": latencies,
        "histogram": [{"mark": 0.001, "count": 1}, {"mark": 0.09, "count": 99}],
        "details": [],
        "pods": {"pod-a": 60, "pod-b": 40},
        "spread": {"maxMinusMin": 20, "coefficientOfVariation": 0.2, "jain": 0.96},
        "intendedRps": 100,
        "series": [{"second": 0, "ok": 100, "errors": 0, "p50": 2_000_000, "p99": 3_000_000, "max": 90_000_000}],
        "expectations": [],
        "notes": [],
    }
    return {**fields, **changes}
